"""Which processes the agent's commands do not explain: asked of SQL once for all rules, because it walks the whole tree."""

from dataclasses import dataclass

from review.detector import RunView


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A process that no command explains, nor a known helper of the scaffold."""

    seq: int
    process_id: int
    parent_id: int | None
    argv: str | None
    cwd: str | None
    exit_code: int | None
    start_us: int | None


@dataclass(frozen=True, slots=True)
class Roles:
    """The processes that are not a command's."""

    unexplained: tuple[Unexplained, ...]
    """Those that the agent itself started; what these start in turn is theirs."""
    own: frozenset[int]
    """The agent and its helpers."""


def roles(run: RunView) -> Roles:
    """Of ``run``; made once."""
    return run.once(_roles)


def _roles(run: RunView) -> Roles:
    rows = run.query(
        """
        SELECT seq, process_id, parent_id, argv, cwd, exit_code, epoch_us(start_ts), role
        FROM processes WHERE role <> 'command' ORDER BY seq
        """
    )
    agents = {row[1] for row in rows if row[7] == "agent"}
    return Roles(
        tuple(Unexplained(*row[:7]) for row in rows if row[7] == "unexplained" and row[2] in agents),
        frozenset(row[1] for row in rows if row[7] in ("agent", "helper")),
    )
