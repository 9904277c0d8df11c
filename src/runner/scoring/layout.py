"""The private scratch folder of one job on this machine."""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from store.durable import writing

PREFIX = "ptb-score-"


@dataclass(frozen=True, slots=True)
class Layout:
    """Its parts; an attempt has ``out`` and ``work`` of its own."""

    root: Path
    attempt: int = 0

    @classmethod
    def named(cls) -> "Layout":
        """A new one below ``$TMPDIR``, by a name that nobody foretells; :meth:`create` makes it."""
        return cls(Path(tempfile.gettempdir(), f"{PREFIX}{secrets.token_hex(8)}"))

    def create(self) -> None:
        """Make the folder, that nobody else can look into; raises :class:`store.errors.StoreFailed`."""
        with writing(self.root):
            self.root.mkdir(mode=0o700)

    def next_attempt(self) -> "Layout":
        """The same with fresh folders to write to."""
        following = Layout(self.root, self.attempt + 1)
        for folder in (following.out, following.work):
            folder.mkdir(parents=True)
            folder.chmod(0o777)  # the harness's user is another; nobody else passes the root
        return following

    @property
    def model(self) -> Path:
        """The pristine copy."""
        return self.root / "model"

    @property
    def harness_root(self) -> Path:
        """What the harness and its templates lie in."""
        return self.root / "harness"

    @property
    def harness(self) -> Path:
        """The pristine copy."""
        return self.harness_root / "task"

    @property
    def templates(self) -> Path:
        """Beside the harness."""
        return self.harness_root / "templates"

    @property
    def out(self) -> Path:
        """What comes back."""
        return self.root / f"attempt-{self.attempt}" / "out"

    @property
    def work(self) -> Path:
        """What is thrown away."""
        return self.root / f"attempt-{self.attempt}" / "work"

    @property
    def judge(self) -> Path:
        """Where the way to the judge is."""
        return self.root / "judge"

    @property
    def spec(self) -> Path:
        """What the driver is told."""
        return self.root / f"attempt-{self.attempt}" / "spec.json"

    def size(self) -> int:
        """Bytes in what comes back; links count as themselves."""
        total = 0
        for folder, _, names in os.walk(self.out):
            for name in names:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size
                except OSError:
                    continue
        return total

    def remove(self) -> None:
        """Delete everything; safe to call twice."""
        remove_scratch(self.root)


def remove_scratch(root: Path) -> None:
    """Delete a job's scratch folder, and nothing that is not one."""
    if root.name.startswith(PREFIX):
        shutil.rmtree(root, ignore_errors=True)
