"""The recorded row behind an event, in lines: one description for each kind of row."""

from collections.abc import Sequence
from functools import singledispatch

from ptb_tui.state.changes import changes
from ptb_tui.state.highlight import shell, source
from ptb_tui.state.lanes import curve
from ptb_tui.state.neighbours import partner, version_before
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.prose import Line, body, line
from ptb_tui.state.times import SECOND, brief, elapsed, many, size
from store.event import Event, Kind
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
    Row,
)

NAME_WIDTH = 9
"""Cells of the names of fields."""
_CHART_CELLS = 40
_CHART_AROUND = 300 * SECOND


@singledispatch
def describe_row(row: Row, run: OpenRun, event: Event) -> list[Line]:
    """What a row says beyond its line in the log."""
    raise AssertionError(f"no description of {type(row).__name__} in {run.folder} ({event.kind})")


@describe_row.register
def _message(row: Message, _run: OpenRun, event: Event) -> list[Line]:
    tokens = " · ".join(
        f"{many(count)} {word}"
        for count, word in ((row.tokens_in, "tokens in"), (row.tokens_out, "tokens out"))
        if count is not None
    )
    known = fields(
        ("role", row.role),
        ("tool", row.tool),
        ("call", row.tool_call_id),
        ("within", row.parent_call_id),
        ("tokens", tokens),
        ("cost", None if row.cost_usd is None else f"${row.cost_usd:.4f}"),
        ("line", None if row.line is None else f"{row.line:,} of the transcript"),
    )
    ink = "soft" if event.kind in (Kind.THOUGHT, Kind.NOTICE, Kind.RAW) else "ink"
    return [*known, line(), *body(row.text or "", ink, rest=_rest("transcript", event))]


@describe_row.register
def _command(row: Command, run: OpenRun, event: Event) -> list[Line]:
    lines = [*shell(row.text), line()]
    lines += fields(
        ("cwd", row.cwd), ("tool", row.tool), ("call", row.tool_call_id), ("within", row.parent_call_id)
    )
    ending = partner(run, event, row.command_id, Kind.COMMAND_END)
    if ending is None:
        return [*lines, line(("no result of this command was recorded", "suspicious"))]
    end, ended = ending
    assert isinstance(end, CommandEnd)
    took = f" after {brief(ended.ts - event.ts)}" if ended.ts is not None and event.ts is not None else ""
    lines += _exit(end.exit_code, took)
    return lines + _output(end, ended)


@describe_row.register
def _command_end(row: CommandEnd, run: OpenRun, event: Event) -> list[Line]:
    lines: list[Line] = []
    if (beginning := partner(run, event, row.command_id, Kind.COMMAND)) is not None:
        command, began = beginning
        assert isinstance(command, Command)
        took = f" after {brief(event.ts - began.ts)}" if began.ts is not None and event.ts is not None else ""
        lines = [*shell(command.text), line(), *_exit(row.exit_code, took)]
    else:
        lines = _exit(row.exit_code, "")
    return lines + _output(row, event)


@describe_row.register
def _command_link(row: CommandLink, _run: OpenRun, _event: Event) -> list[Line]:
    how = {"exact": "text and time agree", "time": "only the time agrees", "none": "no process was found"}
    return fields(("command", str(row.command_id)), ("match", f"{row.match}: {how.get(row.match, '')}"))


@describe_row.register
def _process_start(row: ProcessStart, _run: OpenRun, _event: Event) -> list[Line]:
    return [
        *(shell(row.argv) if row.argv else []),
        line(),
        *fields(("exe", row.exe), ("cwd", row.cwd), ("user", None if row.uid is None else str(row.uid))),
    ]


@describe_row.register
def _exec(row: Exec, _run: OpenRun, _event: Event) -> list[Line]:
    lines = [*(shell(row.argv) if row.argv else []), line()]
    if row.error:
        lines.append(line((f"did not run: {row.error}", "suspicious")))
    if row.truncated:
        lines.append(line(("the argument list was longer than the recorder could see", "suspicious")))
    return lines + fields(("exe", row.exe), ("cwd", row.cwd), ("env hash", row.env_hash))


@describe_row.register
def _process_exit(row: ProcessExit, _run: OpenRun, _event: Event) -> list[Line]:
    if row.signal:
        return [line((f"killed by signal {row.signal}", "suspicious"))]
    return _exit(row.exit_code, "")


@describe_row.register
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
    return lines + fields(
        ("call", row.op),
        ("bytes", moved or ("not observed" if unknown else "none")),
        ("reading", _stretch(run, row.first_read_ts, row.last_read_ts)),
        ("writing", _stretch(run, row.first_write_ts, row.last_write_ts)),
        ("closed", "no: more rows of this access follow" if row.final is False else None),
        ("seen via", row.via),
        ("inode", None if row.inode is None else f"{row.inode} on device {row.dev}"),
    )


@describe_row.register
def _file_version(row: FileVersion, run: OpenRun, event: Event) -> list[Line]:
    kept = {"whole": "", "ends": "only head and tail were kept", "none": "its content was not kept"}
    said = " · ".join(filter(None, (kept.get(row.captured, row.captured), row.reason)))
    lines = [*body(row.path), line()]
    lines += fields(
        ("size", None if row.size is None else size(row.size)),
        ("sha256", row.sha256),
        ("kept", said or None),
        ("redacted", "yes: secrets were replaced before writing" if row.redacted else None),
    )
    if row.text is None:
        where = f"the content is in blobs/{row.blob}" if row.blob else "no text was kept"
        return [*lines, line(), line((where, "soft"))]
    before = version_before(run, event, row.path)
    if before is not None and before.text is not None:
        return [*lines, line(), *changes(before.text, row.text, row.path)]
    coloured = source(row.text, row.path) or body(row.text, rest=_rest("file_versions", event))
    return [*lines, line(), *coloured]


@describe_row.register
def _connection(row: Connection, _run: OpenRun, _event: Event) -> list[Line]:
    port = f":{row.port}" if row.port is not None else ""
    lines = [line((f"{row.host or row.dst or 'unknown'}{port}", "strong"))]
    if row.error:
        lines.append(line((f"did not connect: {row.error}", "suspicious")))
    return lines + fields(
        ("address", row.dst),
        ("sent", None if row.bytes_out is None else size(row.bytes_out)),
        ("received", None if row.bytes_in is None else size(row.bytes_in)),
    )


@describe_row.register
def _gpu_sample(row: GpuSample, run: OpenRun, event: Event) -> list[Line]:
    def number(value: float | None, unit: str) -> str | None:
        return None if value is None else f"{value:,.0f} {unit}"

    memory = number(row.mem_used_mb, "MB")
    total = number(row.mem_total_mb, "MB")
    lines = fields(
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


@describe_row.register
def _gap(row: Gap, run: OpenRun, _event: Event) -> list[Line]:
    return [
        *body(row.reason, "strong"),
        line(),
        *fields(
            ("cause", row.cause),
            ("not seen", _stretch(run, row.start_ts, row.end_ts)),
            ("lost", None if row.lost is None else many(row.lost)),
        ),
    ]


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
        lines.append(line((f"{name:<{NAME_WIDTH}}", "soft"), (curve(values, top), "gpu")))
    return lines


def _top(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=1.0)


def _exit(code: int | None, took: str) -> list[Line]:
    if code is None:
        return [line((f"{'exit':<{NAME_WIDTH}}", "soft"), (f"code not observed{took}", "soft"))]
    return [
        line(
            (f"{'exit':<{NAME_WIDTH}}", "soft"),
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


def fields(*pairs: tuple[str, str | None]) -> list[Line]:
    """Names and values under each other; what was not observed is left out."""
    return [line((f"{name:<{NAME_WIDTH}}", "soft"), value, hang=NAME_WIDTH) for name, value in pairs if value]
