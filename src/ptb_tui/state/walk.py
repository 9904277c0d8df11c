"""The way that a finding took, step by step: each thing on it, the event that shows it, and the bytes as they were then."""

import os.path
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ptb_tui.state.highlight import shell, source
from ptb_tui.state.neighbours import row_of, version_around
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.page import Item, Section
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.row_detail import describe_row
from ptb_tui.state.times import FINE_BELOW, elapsed, size, utc
from ptb_tui.state.wording import WORDS
from store.errors import PtbError
from store.event import Event, Kind
from store.findings import Certainty, Evidence, LineageStep, StandingFinding
from store.plain import clip
from store.rows import Exec, FileAccess, FileVersion

_COMMAND_CHARS = 120
_SCRIPTS = (".py", ".sh", ".ipynb", ".js", ".pl", ".R")
"""Endings of programs that an interpreter runs."""
_FILE_KINDS = frozenset(
    (Kind.OPEN, Kind.READ, Kind.WRITE, Kind.CREATE, Kind.VERSION, Kind.RENAME, Kind.LINK, Kind.OTHER_FILE)
)


@dataclass(frozen=True, slots=True)
class Step:
    """One row on the way, or one more row of evidence."""

    name: str
    """Of a file or program; what the row shows for other evidence."""
    seq: int | None
    """Of the row that shows it; None where none does."""
    certainty: Certainty | None = None
    """Of the link that it is part of; None where that was not told."""
    on_the_way: bool = True
    """False for evidence beside the way, such as what the agent said."""


def steps_of(standing: StandingFinding) -> tuple[Step, ...]:
    """The way row by row, or its names, each with the first row of evidence that shows it; then the other evidence."""
    finding = standing.finding
    left = list(finding.evidence)
    steps = [Step(_short(one), one.seq, one.certainty) for one in finding.steps]
    if not steps:
        for name in finding.lineage:
            shows = next((one for one in left if name in _names(one)), None)
            if shows is not None:
                left.remove(shows)
            steps.append(Step(name, shows.seq if shows else None))
    known = {step.seq for step in steps}
    return (*steps, *(Step(one.text, one.seq, on_the_way=False) for one in left if one.seq not in known))


def step_sections(steps: Sequence[Step], run: OpenRun) -> tuple[Section, ...]:
    """The steps to walk; what lies beside the way stands below."""
    way: list[Item] = []
    for number, step in enumerate(steps):
        if not step.on_the_way:
            continue
        if number:
            way.append(Item((line(("↓", "faint")),)))
        way.append(_item(number, step, run))
    beside = tuple(_item(number, step, run) for number, step in enumerate(steps) if not step.on_the_way)
    return (Section("the way", tuple(way)), Section("more evidence", beside))


def _item(number: int, step: Step, run: OpenRun) -> Item:
    head = line((step.name, "strong" if step.on_the_way else "ink"), hang=2)
    event = event_of(run, step.seq) if step.seq is not None else None
    if event is None:
        return Item((head, line(("no recorded row shows it", "suspicious"), hang=2)), ("step", number))
    word = WORDS[event.kind][1]
    when = "no clock"
    if event.ts is not None and run.cursor.span is not None:
        first, last = run.cursor.span
        when = f"T+{elapsed(event.ts - first, fine=last - first < FINE_BELOW)}"
    sure = f"  {step.certainty}" if step.certainty else ""
    ink = (
        "good"
        if step.certainty is Certainty.CERTAIN
        else "suspicious"
        if step.certainty is Certainty.POSSIBLE
        else "soft"
    )
    told = line((f"{word}  {when}  event #{event.seq}", "soft"), (sure, ink), hang=2)
    return Item((head, told), ("step", number), event.seq)


def event_of(run: OpenRun, seq: int) -> Event | None:
    """The event with that seq."""
    position = run.cursor.position_of(seq)
    found = run.cursor.window(position, 1) if position is not None else []
    return found[0] if found else None


def describe_step(step: Step, run: OpenRun) -> list[Line]:
    """What the event says, and the file as it was then; what cannot be read is said in its place."""
    event = event_of(run, step.seq) if step.seq is not None else None
    if event is None:
        inferred = "the recording has no row of it: the rule inferred this step"
        lost = f"row {step.seq} is not in the recording any more: `ptb verify` tells what is missing"
        return [line((inferred if step.seq is None else lost, "suspicious"))]
    symbol, word = WORDS[event.kind]
    lines = [line((f"{symbol} {word}", "strong"), "  ", (f"event #{event.seq}", "soft"))]
    if event.ts is not None and run.cursor.span is not None:
        since = elapsed(event.ts - run.cursor.span[0], fine=True)
        lines.append(line((f"T+{since}  {utc(event.ts, fine=True)}", "soft")))
    try:
        row = row_of(run, event)
        if isinstance(row, Exec):
            lines += [
                line(),
                *shell(row.argv or row.exe or ""),
                line(("in ", "soft"), row.cwd or "an unknown folder"),
            ]
        elif isinstance(row, FileAccess | FileVersion):
            lines.append(line((row.path, "soft")))
        elif row is not None:
            lines += [line(), *describe_row(row, run, event)]
        return [*lines, line(), *_file(step, event, row, run)]
    except (PtbError, OSError) as error:
        return [*lines, line(), line((f"cannot be read: {error}", "violation"))]


def _file(step: Step, event: Event, row: object, run: OpenRun) -> Iterator[Line]:
    """The file that the step is about, as it was at the event."""
    path = _path(step, event, row)
    if path is None:
        return
    found = version_around(run, event, path)
    if found is None:
        yield line((f"the content of {os.path.basename(path)} was not recorded", "suspicious"))
        return
    version, recorded = found
    yield line((os.path.basename(version.path), "files"), "  ", (_when(event, recorded, run), "soft"))
    known = (
        None if version.size is None else size(version.size),
        f"sha256 {version.sha256}" if version.sha256 else None,
        "secrets replaced" if version.redacted else None,
        version.reason,
    )
    yield line((" · ".join(filter(None, known)), "soft"))
    yield line()
    if version.text is None:
        yield line(
            (f"its bytes are in blobs/{version.blob}" if version.blob else "only its hash was kept", "soft")
        )
        return
    rest = f"all of it: ptb sql, view file_versions, seq {recorded.seq}"
    yield from source(version.text, version.path) or body(version.text, rest=rest)


def _when(event: Event, recorded: Event, run: OpenRun) -> str:
    if recorded.seq == event.seq:
        return "as it was written here"
    if recorded.ts is None or event.ts is None or run.cursor.span is None:
        return f"as recorded in event #{recorded.seq}"
    later = "as it was then" if recorded.ts <= event.ts else "as recorded a little later"
    return f"{later} (T+{elapsed(recorded.ts - run.cursor.span[0], fine=True)}, event #{recorded.seq})"


def _path(step: Step, event: Event, row: object) -> str | None:
    """The file whose bytes matter here: the one accessed, or the script that a program ran."""
    if event.kind in _FILE_KINDS:
        return event.label
    if isinstance(row, Exec) and step.on_the_way:
        for word in _split(row.argv or ""):
            if os.path.basename(word) == step.name or _is_script(word):
                return os.path.normpath(os.path.join(row.cwd or "", word))
    return None


def _is_script(word: str) -> bool:
    return word.endswith(_SCRIPTS)


def _short(step: LineageStep) -> str:
    """The name of a file; a command as it was given, clipped."""
    return (
        os.path.basename(step.text) or step.text
        if step.text.startswith("/")
        else clip(step.text, _COMMAND_CHARS)
    )


def _names(evidence: Evidence) -> set[str]:
    """What a row may be called in a lineage: the last parts of the paths in it."""
    return {os.path.basename(word) for word in (*_split(evidence.text), evidence.text)}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
