"""Ways between screens, as messages: a screen says where the reviewer wants to go, the app goes there."""

from collections.abc import Sequence
from pathlib import Path

from textual.message import Message


class OpenReplay(Message):
    """Replay of a run, at an event, at a time, or from the start."""

    def __init__(
        self,
        folder: Path,
        seq: int | None = None,
        *,
        ts: int | None = None,
        keep: bool = False,
        finding_id: str | None = None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.seq = seq
        self.ts = ts
        """Where to go when there is no such event: nanoseconds."""
        self.keep = keep
        """The screen that asks is come back to."""
        self.finding_id = finding_id
        """Which finding one comes from: an event may be evidence of several."""


class OpenCase(Message):
    """The case of a run; one that is being recorded opens in Replay."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder


class OpenFindings(Message):
    """The findings of one run, or of all."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.folder = folder


class OpenLineage(Message):
    """The way that a finding took, step by step."""

    def __init__(self, folder: Path, finding_id: str, seq: int | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.finding_id = finding_id
        self.seq = seq
        """The event to begin at."""


class OpenScore(Message):
    """The scoring of a run: attempts so far, the job under way, the start of another."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder


class OpenSql(Message):
    """SQL over some runs."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self.folders = tuple(folders)


class OpenCompare(Message):
    """Two runs side by side; without a second one, one that was marked or is of the same task."""

    def __init__(self, first: Path, second: Path | None = None, *, instead: bool = False) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.instead = instead
        """In place of the screen that asks."""


class NextCase(Message):
    """From the case in ``folder`` on to the next one that waits for a decision."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
