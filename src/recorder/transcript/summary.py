"""What a whole transcript says about its session, counted while it is read."""

from dataclasses import dataclass
from enum import StrEnum


class Scaffold(StrEnum):
    """The command-line agent that wrote a transcript."""

    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"
    OPENCODE = "opencode"


class Form(StrEnum):
    """How a transcript is written."""

    JSON = "json"
    """The agent's own stream, one JSON object a line."""
    PROSE = "prose"
    """What PostTrainBench's formatters make of it for people."""


@dataclass(slots=True)
class Summary:
    """Facts and counts of one transcript; complete once it has been read to its end."""

    scaffold: Scaffold | None = None
    form: Form | None = None
    model: str | None = None
    session_id: str | None = None
    cwd: str | None = None
    claimed_result: str | None = None
    """The agent's last words."""
    failed: bool | None = None
    """Whether the agent reported an error as its end; None without an end."""
    cost_usd: float | None = None
    tokens_in: int | None = None
    """Cached tokens included."""
    tokens_out: int | None = None
    first_ts: int | None = None
    last_ts: int | None = None
    lines: int = 0
    blank: int = 0
    """Lines without content."""
    merged: int = 0
    """Lines that continue a row that another line began."""
    messages: int = 0
    calls: int = 0
    commands: int = 0
    unknown: int = 0
    """JSON events of a kind that this version does not know; kept verbatim."""
    raw: int = 0
    """Lines that are no JSON, such as the agent's stderr; kept verbatim."""
    broken: int = 0
    """Lines that begin as a JSON object and are none; kept verbatim, told in a gap."""
    cut: int = 0
    """Lines and outputs that were not kept whole."""
    lost_bytes: int = 0
    redacted: int = 0
    """Secrets replaced."""

    def add(self, tokens_in: int | None, tokens_out: int | None, cost_usd: float | None) -> None:
        """Add what one step reports; a total stays unknown until something is told."""
        if tokens_in is not None:
            self.tokens_in = (self.tokens_in or 0) + tokens_in
        if tokens_out is not None:
            self.tokens_out = (self.tokens_out or 0) + tokens_out
        if cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost_usd
