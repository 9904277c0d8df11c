"""Rows that belong to another row: the result of a command, the version before, what its process was running."""

from ptb_tui.state.opened import OpenRun
from store.cursor import Query
from store.event import Event, Kind
from store.rows import Command, CommandEnd, FileVersion, Row

_NEARBY_COMMANDS = 8
"""How many results after a command (or commands before a result) are looked at to find the one that belongs to it."""
_NEARBY_VERSIONS = 32
"""Versions of files whose path contains the same text that are looked at to find the one before."""


def row_of(run: OpenRun, event: Event | None) -> Row | None:
    """The recorded row behind an event."""
    detail = run.cursor.detail(event.seq) if event is not None else None
    return detail.row if detail is not None else None


def partner(run: OpenRun, event: Event, command_id: int, kind: Kind) -> tuple[Row, Event] | None:
    """The row of ``kind`` with the same command id, among the nearest after (or before) ``event``."""
    query, position = Query(kinds=frozenset((kind,))), event.position
    for _ in range(_NEARBY_COMMANDS):
        forward = kind is Kind.COMMAND_END
        at = run.cursor.next_match(query, position) if forward else run.cursor.previous_match(query, position)
        if at is None:
            return None
        found = run.cursor.window(at, 1)[0]
        row = row_of(run, found)
        if isinstance(row, Command | CommandEnd) and row.command_id == command_id:
            return row, found
        position = at
    return None


def version_before(run: OpenRun, event: Event, path: str) -> FileVersion | None:
    """The content of the same file as it was written before; None for the first one."""
    query, position = Query(text=path, kinds=frozenset((Kind.VERSION,))), event.position
    for _ in range(_NEARBY_VERSIONS):
        at = run.cursor.previous_match(query, position)
        if at is None:
            return None
        row = row_of(run, run.cursor.window(at, 1)[0])
        if isinstance(row, FileVersion) and row.path == path:
            return row
        position = at
    return None


def version_around(run: OpenRun, event: Event, path: str) -> tuple[FileVersion, Event] | None:
    """The content of a file as it was at ``event``, with the row that tells it; ``path`` may lack its beginning.

    That is the last one recorded up to then, or, where the event is the writing, the first one after it; where there
    is none, the nearest on the other side. None where no content of the file was recorded.
    """
    writing = event.kind in (Kind.CREATE, Kind.WRITE)
    for forward in (writing, not writing):
        found = _version(run, event.position, path, forward=forward)
        if found is not None:
            return found
    return None


def _version(run: OpenRun, position: int, path: str, *, forward: bool) -> tuple[FileVersion, Event] | None:
    query = Query(text=path, kinds=frozenset((Kind.VERSION,)))
    at: int | None = position - 1 if forward else position + 1
    for _ in range(_NEARBY_VERSIONS):
        assert at is not None
        at = run.cursor.next_match(query, at) if forward else run.cursor.previous_match(query, at)
        if at is None:
            return None
        event = run.cursor.window(at, 1)[0]
        row = row_of(run, event)
        if isinstance(row, FileVersion) and (row.path == path or row.path.endswith(f"/{path}")):
            return row, event
    return None


def of_process(run: OpenRun, event: Event, kind: Kind, process_id: int, *, back: bool) -> Event | None:
    """The nearest event of a kind and process at or before (``back``) or at or after ``event``."""
    query = Query(kinds=frozenset((kind,)), process_id=process_id)
    cursor = run.cursor
    at = (
        cursor.previous_match(query, event.position + 1)
        if back
        else cursor.next_match(query, event.position - 1)
    )
    return cursor.window(at, 1)[0] if at is not None else None
