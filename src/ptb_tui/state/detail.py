"""What is known about one event, in lines: where and when, what it is evidence of, the recorded row, its process.

Reads whole rows, which imports pyarrow: never called before the first paint, and from a thread.
"""

from collections.abc import Iterator
from functools import singledispatch

from ptb_tui.state.changes import changes
from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.highlight import shell, source
from ptb_tui.state.lanes import curve
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.times import SECOND, brief, day_and_time, elapsed, many, size, utc
from ptb_tui.state.wording import WORDS
from store.cursor import Query
from store.errors import PtbError
from store.event import LANES, Event, Kind
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Connection,
    Exec,
    FileAccess,
    FileVersion,
    Gap,
    GpuSample,
    Message,
    ProcessExit,
    ProcessStart,
    Quality,
    Row,
    Stamp,
)

_NAME_WIDTH = 9
_NEARBY_COMMANDS = 8
"""How many results after a command (or commands before a result) are looked at to find the one that belongs to it."""
_NEARBY_VERSIONS = 32
"""Versions of files whose path contains the same text that are looked at to find the one before."""
_EVIDENCE_SHOWN = 12
_CHART_CELLS = 40
_CHART_AROUND = 300 * SECOND
_QUALITY = {
    Quality.EXACT: "",
    Quality.ARRIVAL: "time of arrival",
    Quality.SECOND: "whole seconds only",
    Quality.INTERPOLATED: "time interpolated",
    Quality.NONE: "no clock: order only",
}


def describe(run: OpenRun, event: Event) -> list[Line]:
    """Everything the pane shows about ``event``; what cannot be read is said in the place where it would stand."""
    lines = [_title(event)]
    try:
        detail = run.cursor.detail(event.seq)
        if detail is None:
            return [*lines, line(("this row is not in the run any more", "violation"))]
        lines += [*_when(run, event, detail.at), line()]
        lines += _flags(run, event)
        lines += _marks(run, event)
        lines += _row(detail.row, run, event)
        lines += _process(run, event)
    except (PtbError, OSError) as error:
        lines += [line(), line((f"cannot be read: {error}", "violation"))]
    return lines


def _title(event: Event) -> Line:
    symbol, word = WORDS[event.kind]
    tried = "tried, did not happen: " if event.failed else ""
    return line((f"{symbol} {tried}{word}", LANES[event.kind].value), "  ", (f"event #{event.seq}", "soft"))


def _when(run: OpenRun, event: Event, at: Stamp) -> Iterator[Line]:
    quality = _QUALITY[at.quality]
    if event.ts is None or run.cursor.span is None:
        yield line((f"{quality or 'no clock: order only'} · seen by {at.source.value}", "soft"))
        return
    around = f" ± {brief(at.err_us * 1000)}" if at.err_us else ""
    said = " · ".join(filter(None, (quality, f"seen by {at.source.value}")))
    since = elapsed(event.ts - run.cursor.span[0], fine=True)
    yield line((f"T+{since}{around}  {utc(event.ts, fine=True)}", "soft"))
    yield line((said, "soft"))


def _flags(run: OpenRun, event: Event) -> Iterator[Line]:
    for flag in run.flags.of(event.seq):
        reach = f"reach: {flag.reach}" if flag.reach else ""
        yield line(
            (f"{SYMBOLS[flag.severity]} {flag.severity.value}  {flag.rule}", flag.severity.value),
            "  ",
            (reach, "soft"),
        )
        yield line((flag.title, "strong"))
        if flag.lineage:
            yield line((" → ".join(flag.lineage), "files"), hang=2)
        if flag.explanation != flag.title:
            yield from body(flag.explanation, "soft")
        yield line()
        for number, (seq, kind, said) in enumerate(flag.others[:_EVIDENCE_SHOWN]):
            name = "evidence" if number == 0 else ""
            here = seq == event.seq
            yield line(
                (f"{name:<{_NAME_WIDTH}}", "soft"),
                (f"{'▸' if here else ' '}#{seq} {kind} ", "strong" if here else "soft"),
                (said, "ink" if here else "soft"),
                hang=_NAME_WIDTH + 2,
            )
        if len(flag.others) > _EVIDENCE_SHOWN:
            yield line((f"… {len(flag.others) - _EVIDENCE_SHOWN} more rows, ] walks them", "note"))
        yield line()


def _marks(run: OpenRun, event: Event) -> Iterator[Line]:
    marks = run.marks_on(event.seq)
    for mark in marks:
        yield line(
            (f"● {mark.reviewer}, {day_and_time(mark.made_at)}", "accent"),
            (f"  {mark.text or 'marked'}", "ink"),
        )
    if marks:
        yield line()


@singledispatch
def _row(row: Row, run: OpenRun, event: Event) -> list[Line]:
    raise AssertionError(f"no description of {type(row).__name__} in {run.folder} ({event.kind})")


@_row.register
def _message(row: Message, _run: OpenRun, event: Event) -> list[Line]:
    tokens = " · ".join(
        f"{many(count)} {word}"
        for count, word in ((row.tokens_in, "tokens in"), (row.tokens_out, "tokens out"))
        if count is not None
    )
    fields = _fields(
        ("role", row.role),
        ("tool", row.tool),
        ("call", row.tool_call_id),
        ("within", row.parent_call_id),
        ("tokens", tokens),
        ("cost", None if row.cost_usd is None else f"${row.cost_usd:.4f}"),
        ("line", None if row.line is None else f"{row.line:,} of the transcript"),
    )
    ink = "soft" if event.kind in (Kind.THOUGHT, Kind.NOTICE, Kind.RAW) else "ink"
    return [*fields, line(), *body(row.text or "", ink, rest=_rest("transcript", event))]


@_row.register
def _command(row: Command, run: OpenRun, event: Event) -> list[Line]:
    lines = [*shell(row.text), line()]
    lines += _fields(
        ("cwd", row.cwd), ("tool", row.tool), ("call", row.tool_call_id), ("within", row.parent_call_id)
    )
    ending = _partner(run, event, row.command_id, Kind.COMMAND_END)
    if ending is None:
        return [*lines, line(("no result of this command was recorded", "suspicious"))]
    end, ended = ending
    assert isinstance(end, CommandEnd)
    took = f" after {brief(ended.ts - event.ts)}" if ended.ts is not None and event.ts is not None else ""
    lines += _exit(end.exit_code, took)
    return lines + _output(end, ended)


@_row.register
def _command_end(row: CommandEnd, run: OpenRun, event: Event) -> list[Line]:
    lines: list[Line] = []
    if (beginning := _partner(run, event, row.command_id, Kind.COMMAND)) is not None:
        command, began = beginning
        assert isinstance(command, Command)
        took = f" after {brief(event.ts - began.ts)}" if began.ts is not None and event.ts is not None else ""
        lines = [*shell(command.text), line(), *_exit(row.exit_code, took)]
    else:
        lines = _exit(row.exit_code, "")
    return lines + _output(row, event)


@_row.register
def _command_link(row: CommandLink, _run: OpenRun, _event: Event) -> list[Line]:
    how = {"exact": "text and time agree", "time": "only the time agrees", "none": "no process was found"}
    return _fields(("command", str(row.command_id)), ("match", f"{row.match}: {how.get(row.match, '')}"))


@_row.register
def _process_start(row: ProcessStart, _run: OpenRun, _event: Event) -> list[Line]:
    return [
        *(shell(row.argv) if row.argv else []),
        line(),
        *_fields(("exe", row.exe), ("cwd", row.cwd), ("user", None if row.uid is None else str(row.uid))),
    ]


@_row.register
def _exec(row: Exec, _run: OpenRun, _event: Event) -> list[Line]:
    lines = [*(shell(row.argv) if row.argv else []), line()]
    if row.error:
        lines.append(line((f"did not run: {row.error}", "suspicious")))
    if row.truncated:
        lines.append(line(("the argument list was longer than the recorder could see", "suspicious")))
    return lines + _fields(("exe", row.exe), ("cwd", row.cwd), ("env hash", row.env_hash))


@_row.register
def _process_exit(row: ProcessExit, _run: OpenRun, _event: Event) -> list[Line]:
    if row.signal:
        return [line((f"killed by signal {row.signal}", "suspicious"))]
    return _exit(row.exit_code, "")


@_row.register
def _file_access(row: FileAccess, run: OpenRun, _event: Event) -> list[Line]:
    lines = body(row.path)
    if row.path2 is not None:
        lines += [line(("→ ", "soft"), row.path2)]
    if row.error:
        lines.append(line((f"did not happen: {row.error}", "suspicious")))
    lines.append(line())
    amounts = ((row.bytes_read, "read"), (row.bytes_written, "written"), (row.bytes_mapped, "mapped"))
    moved = ", ".join(f"{size(count)} {word}" for count, word in amounts if count)
    unknown = all(count is None for count, _ in amounts)
    return lines + _fields(
        ("call", row.op),
        ("bytes", moved or ("not observed" if unknown else "none")),
        ("reading", _stretch(run, row.first_read_ts, row.last_read_ts)),
        ("writing", _stretch(run, row.first_write_ts, row.last_write_ts)),
        ("closed", "no: more rows of this access follow" if row.final is False else None),
        ("seen via", row.via),
        ("inode", None if row.inode is None else f"{row.inode} on device {row.dev}"),
    )


@_row.register
def _file_version(row: FileVersion, run: OpenRun, event: Event) -> list[Line]:
    kept = {"whole": "", "ends": "only head and tail were kept", "none": "its content was not kept"}
    said = " · ".join(filter(None, (kept.get(row.captured, row.captured), row.reason)))
    lines = [*body(row.path), line()]
    lines += _fields(
        ("size", None if row.size is None else size(row.size)),
        ("sha256", row.sha256),
        ("kept", said or None),
        ("redacted", "yes: secrets were replaced before writing" if row.redacted else None),
    )
    if row.text is None:
        where = f"the content is in blobs/{row.blob}" if row.blob else "no text was kept"
        return [*lines, line(), line((where, "soft"))]
    before = _version_before(run, event, row.path)
    if before is not None and before.text is not None:
        return [*lines, line(), *changes(before.text, row.text, row.path)]
    coloured = source(row.text, row.path) or body(row.text, rest=_rest("file_versions", event))
    return [*lines, line(), *coloured]


def _version_before(run: OpenRun, event: Event, path: str) -> FileVersion | None:
    """The content of the same file as it was written before; None for the first one."""
    query, position = Query(text=path, kinds=frozenset((Kind.VERSION,))), event.position
    for _ in range(_NEARBY_VERSIONS):
        at = run.cursor.previous_match(query, position)
        if at is None:
            return None
        row = _row_of(run, run.cursor.window(at, 1)[0])
        if isinstance(row, FileVersion) and row.path == path:
            return row
        position = at
    return None


@_row.register
def _connection(row: Connection, _run: OpenRun, _event: Event) -> list[Line]:
    port = f":{row.port}" if row.port is not None else ""
    lines = [line((f"{row.host or row.dst or 'unknown'}{port}", "strong"))]
    if row.error:
        lines.append(line((f"did not connect: {row.error}", "suspicious")))
    return lines + _fields(
        ("address", row.dst),
        ("sent", None if row.bytes_out is None else size(row.bytes_out)),
        ("received", None if row.bytes_in is None else size(row.bytes_in)),
    )


@_row.register
def _gpu_sample(row: GpuSample, run: OpenRun, event: Event) -> list[Line]:
    def number(value: float | None, unit: str) -> str | None:
        return None if value is None else f"{value:,.0f} {unit}"

    memory = number(row.mem_used_mb, "MB")
    total = number(row.mem_total_mb, "MB")
    lines = _fields(
        ("device", str(row.device)),
        ("busy", number(row.util_pct, "%")),
        ("memory", f"{memory} of {total}" if memory and total else memory),
        ("power", number(row.power_w, "W")),
        ("heat", number(row.temp_c, "°C")),
        (
            "clocks",
            " · ".join(
                filter(None, (number(row.sm_clock_mhz, "MHz"), number(row.mem_clock_mhz, "MHz memory")))
            ),
        ),
        ("throttle", row.throttle),
        ("ecc", None if row.ecc_errors is None else str(row.ecc_errors)),
        ("used by", row.processes),
    )
    return [*lines, line(), *_gpu_chart(run, event, row)]


@_row.register
def _gap(row: Gap, run: OpenRun, _event: Event) -> list[Line]:
    return [
        *body(row.reason, "strong"),
        line(),
        *_fields(
            ("cause", row.cause),
            ("not seen", _stretch(run, row.start_ts, row.end_ts)),
            ("lost", None if row.lost is None else many(row.lost)),
        ),
    ]


def _process(run: OpenRun, event: Event) -> list[Line]:
    """The process behind the event: what it was running then, who started it, when it lived."""
    if event.process_id is None:
        return []
    lines = [line(), line((f"process {event.pid if event.pid is not None else '?'}", "exec"))]
    image = _neighbour(run, event, Kind.EXEC, event.process_id, back=True)
    if image is not None and image.seq != event.seq:
        lines += shell(image.label)
    start = _row_of(run, _neighbour(run, event, Kind.PROCESS, event.process_id, back=True))
    parent = start.parent_id if isinstance(start, ProcessStart) else None
    if parent is not None:
        by = _neighbour(run, event, Kind.EXEC, parent, back=True)
        lines += _fields(("parent", by.label if by else f"process {parent}"))
    born = _neighbour(run, event, Kind.PROCESS, event.process_id, back=True)
    gone = _neighbour(run, event, Kind.EXIT, event.process_id, back=False)
    if born is not None and born.ts is not None and run.cursor.span is not None:
        since = f"from T+{elapsed(born.ts - run.cursor.span[0])}"
        if gone is None or gone.ts is None:
            until = ", its end was not seen"
        else:
            until = f" for {brief(gone.ts - born.ts)}" + (
                "" if gone.amount is None else f", exit code {gone.amount}"
            )
        lines += _fields(("lived", since + until))
    return lines


def _neighbour(run: OpenRun, event: Event, kind: Kind, process_id: int, *, back: bool) -> Event | None:
    query = Query(kinds=frozenset((kind,)), process_id=process_id)
    cursor = run.cursor
    at = (
        cursor.previous_match(query, event.position + 1)
        if back
        else cursor.next_match(query, event.position - 1)
    )
    return cursor.window(at, 1)[0] if at is not None else None


def _partner(run: OpenRun, event: Event, command_id: int, kind: Kind) -> tuple[Row, Event] | None:
    """The row of ``kind`` with the same command id, among the nearest after (or before) ``event``."""
    query, position = Query(kinds=frozenset((kind,))), event.position
    for _ in range(_NEARBY_COMMANDS):
        forward = kind is Kind.COMMAND_END
        at = run.cursor.next_match(query, position) if forward else run.cursor.previous_match(query, position)
        if at is None:
            return None
        found = run.cursor.window(at, 1)[0]
        row = _row_of(run, found)
        if isinstance(row, Command | CommandEnd) and row.command_id == command_id:
            return row, found
        position = at
    return None


def _row_of(run: OpenRun, event: Event | None) -> Row | None:
    detail = run.cursor.detail(event.seq) if event is not None else None
    return detail.row if detail is not None else None


def _gpu_chart(run: OpenRun, event: Event, row: GpuSample) -> list[Line]:
    """The curves ten minutes around the sample."""
    if event.ts is None:
        return []
    views = run.cursor.gpu(event.ts - _CHART_AROUND, event.ts + _CHART_AROUND, _CHART_CELLS)
    view = next((view for view in views if view.device == row.device), None)
    if view is None:
        return []
    lines = [line(("ten minutes around this sample", "soft"))]
    for name, values, top in (
        ("busy", view.util_pct.mean, 100.0),
        ("memory", view.mem_used_mb.mean, view.memory_total_mb or _top(view.mem_used_mb.max)),
        ("power", view.power_w.mean, _top(view.power_w.max)),
    ):
        lines.append(line((f"{name:<{_NAME_WIDTH}}", "soft"), (curve(values, top), "gpu")))
    return lines


def _top(values: object) -> float:
    assert isinstance(values, list)
    return max((value for value in values if value is not None), default=1.0)


def _exit(code: int | None, took: str) -> list[Line]:
    if code is None:
        return [line((f"{'exit':<{_NAME_WIDTH}}", "soft"), (f"code not observed{took}", "soft"))]
    return [
        line(
            (f"{'exit':<{_NAME_WIDTH}}", "soft"),
            (f"code {code}", "ink" if code == 0 else "suspicious"),
            (took, "soft"),
        )
    ]


def _output(end: CommandEnd, event: Event) -> list[Line]:
    if end.output is None:
        return [line(), line(("its output was not recorded", "soft"))]
    if not end.output.strip():
        return [line(), line(("no output", "soft"))]
    return [
        line(),
        line(("output", "soft")),
        *body(end.output, rest=_rest("commands", event)),
    ]


def _rest(view: str, event: Event) -> str:
    """Where the whole of a text is."""
    return f"all of it: ptb sql, view {view}, seq {event.seq}"


def _stretch(run: OpenRun, start: int | None, end: int | None) -> str | None:
    if start is None or run.cursor.span is None:
        return None
    first = run.cursor.span[0]
    if end is None or end == start:
        return f"T+{elapsed(start - first)}"
    return f"T+{elapsed(start - first)} to T+{elapsed(end - first)} ({brief(end - start)})"


def _fields(*pairs: tuple[str, str | None]) -> list[Line]:
    """Names and values under each other; what was not observed is left out."""
    return [
        line((f"{name:<{_NAME_WIDTH}}", "soft"), value, hang=_NAME_WIDTH) for name, value in pairs if value
    ]
