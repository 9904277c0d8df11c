"""``run.json``: what a run is, which witnesses it had, and which files hold it at one generation.

Written whole and renamed into place; ``generation`` grows by one with every change of the file list, so that a
reader who has read one manifest knows a consistent set of files.
"""

from dataclasses import dataclass, field
from enum import StrEnum

MANIFEST = "run.json"


class State(StrEnum):
    """What the last writer said of the run."""

    RECORDING = "recording"
    CLOSED = "closed"
    RECOVERED = "recovered"
    """The recorder died; a later open kept what was committed and marked the end as a gap."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A witness that this run had, or was meant to have."""

    name: str
    """kernel, gpu, transcript, workspace."""
    backend: str
    """How: ebpf, strace, nvml, claude, codex, gemini, opencode, import …"""
    state: str
    """``recording``, ``ended`` or ``unavailable``."""
    reason: str | None = None
    """Why it is unavailable, or what it cannot see."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed file of one table."""

    table: str
    file: str
    """Relative to the run folder."""
    size: int
    """Bytes on disk."""
    rows: int
    first_seq: int
    last_seq: int
    """For strings: the first and last id."""
    first_ts: int | None = None
    last_ts: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run besides its rows: the columns of the ``runs`` view that are recorded."""

    agent: str | None = None
    agent_model: str | None = None
    benchmark: str | None = None
    base_model: str | None = None
    method: str | None = None
    case_id: str | None = None
    replicate: str | None = None
    job: str | None = None
    limit_s: float | None = None
    exit_status: str | None = None
    image: str | None = None
    sandbox: str | None = None
    """What held the agent in, for people: isolation, limits, network."""
    gpu_name: str | None = None
    reported_score: float | None = None
    superseded_by: str | None = None
    source_path: str | None = None
    command: str | None = None
    """What was recorded, shell-quoted."""
    root: str | None = None
    """The folder that the agent worked in."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of ``run.json``."""

    run_id: str
    major: int
    minor: int
    state: State
    generation: int
    started_at: int | None
    """Nanoseconds since the epoch; None for a transcript without a clock."""
    ended_at: int | None = None
    next_seq: int = 0
    """The first ``seq`` not used by a sealed segment."""
    facts: Facts = field(default_factory=Facts)
    sources: tuple[SourceInfo, ...] = ()
    segments: tuple[Segment, ...] = ()
    logs: tuple[str, ...] = ()
    """Folders of log epochs not sealed yet, oldest first, relative to the run folder."""
    recording_hash: str | None = None
    """Set when closed: identifies the recorded rows and blobs, however they are filed."""

    @property
    def origin(self) -> int | None:
        """What ``T+`` counts from, nanoseconds since the epoch: the first row; before one is sealed, the start."""
        first = (segment.first_ts for segment in self.segments if segment.first_ts is not None)
        return min(first, default=self.started_at)
