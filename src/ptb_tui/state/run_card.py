"""What there is to know of a run before it is opened: what stands against it, and what its witnesses missed."""

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.opened import is_partial
from ptb_tui.state.prose import Line, line
from ptb_tui.state.queue import RunLine
from store.findings import CoverageState

_WORD_WIDTH = 14
_NAME_WIDTH = 23


def card(run: RunLine | None) -> list[Line]:
    """The lines under the queue, the gravest first."""
    if run is None:
        return []
    if run.reason is not None:
        return [line((run.run_id, "strong")), line(("✗ cannot be opened  ", "violation"), run.reason, hang=2)]
    lines = [line((run.run_id, "strong"), "  ", (run.state, "soft"))]
    if run.judgement is not None:
        for severity, rule, title in run.judgement.findings:
            lines.append(_row(SYMBOLS[severity], severity.value, severity.value, rule, title, "ink"))
        for result in run.judgement.unseen:
            blind = result.coverage.state is CoverageState.COULD_NOT_LOOK
            unseen = f"not seen: {result.coverage.not_seen}"
            lines.append(
                _row("◐", "not looked" if blind else "partial", "suspicious", result.rule, unseen, "soft")
            )
        if not run.judgement.scanned:
            lines.append(line(("not scanned: `ptb scan` looks for violations", "soft")))
    had = {source.name for source in run.witnesses if source.state != "unavailable"}
    for source in run.witnesses:
        if source.reason is None:
            continue
        name = f"{source.name} ({source.backend})"
        if source.state == "unavailable" and source.name in had:
            lines.append(_row("·", "not used", "soft", name, source.reason, "soft"))
        elif source.state == "unavailable":
            lines.append(_row("◐", "not recorded", "suspicious", name, source.reason, "soft"))
        elif is_partial(source):
            lines.append(_row("◐", "partial", "suspicious", name, source.reason, "soft"))
        else:
            lines.append(_row("·", "noted", "soft", name, source.reason, "soft"))
    return lines


def _row(symbol: str, word: str, ink: str, name: str, text: str, text_ink: str) -> Line:
    """Symbol and word, whose it is, and what is said, under each other."""
    return line(
        (f"{symbol} {word:<{_WORD_WIDTH}}", ink),
        (f"{name:<{_NAME_WIDTH}}", "soft"),
        (text, text_ink),
        hang=2 + _WORD_WIDTH + _NAME_WIDTH,
    )
