"""What there is to know of a run before it is opened: what stands against it, and what its witnesses missed."""

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.prose import Line, line
from ptb_tui.state.queue import RunLine
from store.findings import CoverageState

_RULE_WIDTH = 22


def card(run: RunLine | None) -> list[Line]:
    """The lines under the queue, the gravest first."""
    if run is None:
        return []
    if run.reason is not None:
        return [line((run.run_id, "strong")), line(("✗ cannot be opened  ", "violation"), run.reason, hang=2)]
    lines = [line((run.run_id, "strong"), "  ", (run.state, "soft"))]
    if run.judgement is not None:
        for severity, rule, title in run.judgement.findings:
            lines.append(
                line(
                    (f"{SYMBOLS[severity]} {severity.value:<11}", severity.value),
                    (f"{rule:<{_RULE_WIDTH}}", "soft"),
                    title,
                    hang=13 + _RULE_WIDTH,
                )
            )
        for result in run.judgement.unseen:
            blind = result.coverage.state is CoverageState.COULD_NOT_LOOK
            lines.append(
                line(
                    (f"◐ {'not looked' if blind else 'partial':<11}", "suspicious"),
                    (f"{result.rule:<{_RULE_WIDTH}}", "soft"),
                    ("not seen: " + result.coverage.not_seen, "soft"),
                    hang=13 + _RULE_WIDTH,
                )
            )
        if not run.judgement.scanned:
            lines.append(line(("not scanned: `ptb scan` looks for violations", "soft")))
    for source in run.witnesses:
        if source.reason is not None:
            word = "not recorded" if source.state == "unavailable" else "partial"
            lines.append(
                line(
                    (f"◐ {word:<13}", "suspicious"),
                    (f"{source.name + ' (' + source.backend + ')':<20}", "soft"),
                    (source.reason, "soft"),
                    hang=35,
                )
            )
    return lines
