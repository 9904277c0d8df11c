"""``say-do-mismatch``, the part about processes: what the agent started itself and no tool call tells of."""

from itertools import islice

from review.coverage import Asked, covered
from review.detected import detected
from review.detector import RunView
from review.evidence import cite
from review.processes import ProcessTree
from review.roles import Unexplained, roles
from store.counting import counted
from store.findings import Certainty, Finding, Reach, RuleResult
from store.plain import clip

_ASKED = Asked(needs=("kernel",), wants=("transcript",), views=("processes", "commands"))
_ROOM_US = 2_000_000
"""Around a command that was joined to nothing, nothing is asserted: the process may be its."""
_MOST = 100


class Unsaid:
    """Processes without a tool call; suspicious where they worked in the task folder."""

    rule = "say-do-mismatch"
    version = "1"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each command line."""
        if blind := _ASKED.blind(run):
            return RuleResult(self.rule, self.version, blind)
        spoken = run.query("SELECT 1 FROM commands WHERE tool_call_id IS NOT NULL LIMIT 1")
        by_argv: dict[str, list[Unexplained]] = {}
        for process in roles(run).unexplained if spoken else ():
            by_argv.setdefault(process.argv or "?", []).append(process)
        found = tuple(self._finding(run, argv, group) for argv, group in list(by_argv.items())[:_MOST])
        return RuleResult(self.rule, self.version, covered(run, _ASKED, found=bool(found)), found)

    def _finding(self, run: RunView, argv: str, group: list[Unexplained]) -> Finding:
        surely = [process for process in group if not _may_be_a_commands(run, process)]
        written = _written(run, surely)
        what = (
            "wrote in the task folder"
            if written
            else "is neither a command's nor a known helper of the scaffold"
        )
        return detected(
            run,
            self,
            [f"unsaid {argv}"],
            cite(run, [process.seq for process in group[:8]] + written[:4]),
            reach=Reach.EXECUTED if written else Reach.SEEN,
            title=f"no tool call tells of: {clip(' '.join(argv.split()), 120)}",
            explanation=f"a process that the agent started {counted(len(group), 'time')} and that no tool call tells of {what}",
            certainty=Certainty.CERTAIN if surely else Certainty.POSSIBLE,
        )


def _may_be_a_commands(run: RunView, process: Unexplained) -> bool:
    """Whether a command that was joined to nothing was running then."""
    rows = run.query(
        "SELECT epoch_us(start_ts), epoch_us(coalesce(end_ts, start_ts)) FROM commands WHERE match = 'none'"
    )
    at = process.start_us
    return any(
        at is None or begun is None or begun - _ROOM_US <= at <= ended + _ROOM_US for begun, ended in rows
    )


def _written(run: RunView, group: list[Unexplained]) -> list[int]:
    """``seq`` of what they and their children wrote in the task folder."""
    root = run.manifest.facts.root
    if not group or root is None:
        return []
    line = run.once(ProcessTree.of).with_descendants({process.process_id for process in group})
    rows = run.records.rows(
        f"""
        SELECT min(seq), path FROM files
        WHERE process_id IN (SELECT unnest([{", ".join(map(str, sorted(line)))}])) AND error IS NULL
          AND coalesce(bytes_written, flags & 3) > 0
        GROUP BY path ORDER BY 1
        """
    )
    inside = (seq for seq, path in rows if run.records.text(path).startswith(f"{root}/"))
    return list(islice(inside, 12))
