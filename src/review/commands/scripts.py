"""The text of a script as it was when a command ran it: recorded, or written by a command before."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping

from review.commands.same_file import same
from review.versions import Version

_SCRIPTS = (
    ".py",
    ".sh",
    ".bash",
    ".yaml",
    ".yml",
    ".toml",
    ".json",
    ".ini",
    ".cfg",
    ".env",
    ".patch",
    ".diff",
)
_LONGEST = 1 << 18
"""Characters; what is longer is data."""


class Scripts:
    """All scripts of a run, and the settings that programs read."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._versions: dict[str, list[Version]] = defaultdict(list)
        for version in versions:
            if version.text and version.path.endswith(_SCRIPTS) and len(version.text) <= _LONGEST:
                self._versions[posixpath.basename(version.path)].append(version)
        self._held: dict[str, str] = {}

    def hold(self, contents: Mapping[str, str]) -> None:
        """A command wrote these texts."""
        self._held |= {name: text for name, text in contents.items() if name.endswith(_SCRIPTS)}

    def before(self, seq: int) -> "ScriptsThen":
        """The scripts as they were when the command ``seq`` ran."""
        return ScriptsThen(self._versions, self._held, seq)


class ScriptsThen:
    """The scripts as they were when one command ran; remembers which of them were asked for."""

    def __init__(self, versions: Mapping[str, list[Version]], held: Mapping[str, str], seq: int) -> None:
        self._versions = versions
        self._held = held
        self._seq = seq
        self.used: list[Version] = []
        self.size = 0

    def find(self, path: str) -> str | None:
        """The text of the script at ``path``, or of one of that name elsewhere."""
        known = self._versions.get(posixpath.basename(path), [])
        here = [version for version in known if same(version.path, path)] or known
        before = [version for version in here if version.seq < self._seq]
        version = before[-1] if before else here[0] if here else None
        text = version.text if version else self._held.get(path)
        if text is None:
            text = next(
                (t for n, t in self._held.items() if posixpath.basename(n) == posixpath.basename(path)), None
            )
        if version is not None:
            self.used.append(version)
        self.size += len(text or "")
        return text
