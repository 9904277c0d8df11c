"""What there is to know of a run before it is opened: what stands against it, and what its witnesses missed."""

from ptb_tui.state.flags import SYMBOLS
from ptb_tui.state.missing import told, unseen_by_rules, unseen_by_witnesses
from ptb_tui.state.prose import Line, line
from ptb_tui.state.queue import RunLine


def card(run: RunLine | None) -> list[Line]:
    """The lines under the queue, the gravest first."""
    if run is None:
        return []
    if run.reason is not None:
        return [line((run.run_id, "strong")), line(("✗ cannot be opened  ", "violation"), run.reason, hang=2)]
    lines = [line((run.run_id, "strong"), "  ", (run.state, "soft"))]
    if run.judgement is not None:
        for severity, rule, title in run.judgement.findings:
            lines.append(told(SYMBOLS[severity], severity.value, severity.value, rule, title, "ink"))
        lines += [one.row() for one in unseen_by_rules(run.judgement.unseen)]
        if not run.judgement.scanned:
            lines.append(line(("not scanned: `ptb scan` looks for violations", "soft")))
    return lines + [one.row() for one in unseen_by_witnesses(run.witnesses)]
