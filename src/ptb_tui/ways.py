"""Ways between screens, as messages: a screen says where the reviewer wants to go, the app goes there."""

from collections.abc import Sequence
from pathlib import Path

from textual.message import Message


class Way(Message):
    """Where somebody wants to go; of several that are asked for at once, the last is meant."""

    def can_replace(self, message: Message) -> bool:
        """Whether this one gives way to ``message``, which came after it."""
        return isinstance(message, Way)


class OpenReplay(Way):
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


class OpenCase(Way):
    """The case of a run; one that is being recorded opens in Replay."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder


class OpenFindings(Way):
    """The findings of one run, or of all."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.folder = folder


class OpenLineage(Way):
    """The way that a finding took, step by step."""

    def __init__(self, folder: Path, finding_id: str, seq: int | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.finding_id = finding_id
        self.seq = seq
        """The event to begin at."""


class OpenScore(Way):
    """The scoring of a run: attempts so far, the job under way, the start of another."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder


class OpenSql(Way):
    """SQL over some runs."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self.folders = tuple(folders)


class OpenCompare(Way):
    """Two runs side by side; without a second one, one that was marked or is of the same task."""

    def __init__(self, first: Path, second: Path | None = None, *, instead: bool = False) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.instead = instead
        """In place of the screen that asks."""


class NextCase(Way):
    """From the case in ``folder`` on to the next one that waits for a decision."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
