"""The text of a script as it was when a command ran it: recorded, or written by a command before."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping

from review.commands.foreign.languages import SUFFIXES
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
    ".ipynb",
    ".mk",
    *SUFFIXES,
)
_LONGEST = 1 << 18
"""Characters; what is longer is data."""


def _may_be_script(path: str) -> bool:
    return path.endswith(_SCRIPTS) or "." not in posixpath.basename(path)


class Scripts:
    """All scripts of a run, and the settings that programs read."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._versions: dict[str, list[Version]] = defaultdict(list)
        for version in versions:
            if version.text and _may_be_script(version.path) and len(version.text) <= _LONGEST:
                self._versions[posixpath.basename(version.path)].append(version)
        self._held: dict[str, str] = {}

    def hold(self, contents: Mapping[str, str]) -> None:
        """A command wrote these texts."""
        self._held |= {name: text for name, text in contents.items() if len(text) <= _LONGEST}

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

    def glance(self, path: str) -> str | None:
        """The text of the file at exactly this path; it is not run."""
        known = self._versions.get(posixpath.basename(path), [])
        before = [v for v in known if v.seq < self._seq and same(v.path, path)]
        return before[-1].text if before else self._held.get(path)

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
