"""What is known about one event, in lines: where and when, what it is evidence of, the recorded row, its process.

Reads whole rows, which imports pyarrow: never called before the first paint, and from a thread.
"""

from collections.abc import Iterator

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.highlight import shell
from ptb_tui.state.neighbours import of_process, row_of
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.row_detail import NAME_WIDTH, describe_row, fields
from ptb_tui.state.times import brief, day_and_time, elapsed, utc
from ptb_tui.state.wording import WORDS
from store.counting import counted
from store.errors import PtbError
from store.event import LANES, Event, Kind
from store.findings import FindingState
from store.rows import ProcessStart, Quality, Stamp

_EVIDENCE_SHOWN = 12
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
        lines += describe_row(detail.row, run, event)
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
            "  ",
            ("accepted" if flag.state is FindingState.ACCEPTED else "", "good"),
        )
        yield line((flag.title if flag.title not in flag.explanation else flag.explanation, "strong"))
        if flag.lineage:
            yield line((" → ".join(flag.lineage), "files"), hang=2)
        if flag.title not in flag.explanation:
            yield from body(flag.explanation, "soft")
        yield line()
        for number, (seq, kind, said) in enumerate(flag.others[:_EVIDENCE_SHOWN]):
            name = "evidence" if number == 0 else ""
            here = seq == event.seq
            yield line(
                (f"{name:<{NAME_WIDTH}}", "soft"),
                (f"{'▸' if here else ' '}#{seq} {kind} ", "strong" if here else "soft"),
                (said, "ink" if here else "soft"),
                hang=NAME_WIDTH + 2,
            )
        if len(flag.others) > _EVIDENCE_SHOWN:
            yield line((f"… {counted(len(flag.others) - _EVIDENCE_SHOWN, 'more row')}, ] walks on", "note"))
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


def _process(run: OpenRun, event: Event) -> list[Line]:
    """The process behind the event: what it was running then, who started it, when it lived."""
    if event.process_id is None:
        return []
    lines = [line(), line((f"process {event.pid if event.pid is not None else '?'}", "exec"))]
    image = of_process(run, event, Kind.EXEC, event.process_id, back=True)
    if image is not None and image.seq != event.seq:
        lines += shell(image.label)
    born = of_process(run, event, Kind.PROCESS, event.process_id, back=True)
    start = row_of(run, born)
    parent = start.parent_id if isinstance(start, ProcessStart) else None
    if parent is not None:
        by = of_process(run, event, Kind.EXEC, parent, back=True)
        lines += fields(("parent", by.label if by else f"process {parent}"))
    gone = of_process(run, event, Kind.EXIT, event.process_id, back=False)
    if born is not None and born.ts is not None and run.cursor.span is not None:
        since = f"from T+{elapsed(born.ts - run.cursor.span[0])}"
        if gone is None or gone.ts is None:
            until = ", its end was not seen"
        else:
            until = f" for {brief(gone.ts - born.ts)}" + (
                "" if gone.amount is None else f", exit code {gone.amount}"
            )
        lines += fields(("lived", since + until))
    return lines
