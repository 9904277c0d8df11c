"""Other names of a file: renames, links and symbolic links of it or of a folder above it, in time."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from review.detector import RunView

_MOST_CHANGES = 200_000
"""Changes of names that are looked at; a run with more is installing or attacking."""
_MOST_NAMES = 64
"""Of one file: a folder moved into itself again and again would have no end of them."""


@dataclass(frozen=True, slots=True)
class NameChange:
    """A file or folder got another name."""

    seq: int
    us: int
    op: str
    """rename, link, symlink."""
    old: str
    """What was there before; for a symlink, its target."""
    new: str
    process_id: int | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a file had or got."""

    path: str
    us: int
    """The content had it until then (earlier names), or since then (later names)."""
    changes: tuple[NameChange, ...] = ()
    """What led from one name to the other, in the order of time."""


class Names:
    """All changes of names in a run."""

    def __init__(self, changes: list[NameChange], *, complete: bool = True) -> None:
        self.complete = complete
        """False when there were more than could be looked at."""
        self._from: dict[str, list[NameChange]] = defaultdict(list)
        self._to: dict[str, list[NameChange]] = defaultdict(list)
        for change in changes:
            self._from[change.old].append(change)
            self._to[change.new].append(change)

    @classmethod
    def of(cls, run: RunView) -> "Names":
        """The changes of ``run``."""
        rows = run.query(
            f"""
            SELECT seq, epoch_us(ts), op, path, path2, process_id FROM files
            WHERE op IN ('rename', 'link', 'symlink') AND error IS NULL AND path2 IS NOT NULL
            ORDER BY seq LIMIT {_MOST_CHANGES}
            """
        )
        changes = [_change(seq, us or 0, op, path, path2, by) for seq, us, op, path, path2, by in rows]
        return cls(changes, complete=len(changes) < _MOST_CHANGES)

    def later(self, path: str, since_us: int) -> list[Name]:
        """``path`` and every name that the file got after it had that one, each with the time since when."""
        found = [Name(path, since_us)]
        known = {path}
        for name in found:
            for change, rest in self._moves(self._from, name.path):
                new = change.new + rest
                if new not in known and len(found) < _MOST_NAMES and _holds(change, name.us):
                    known.add(new)
                    found.append(Name(new, max(change.us, name.us), (*name.changes, change)))
        return found

    def earlier(self, path: str, until_us: int) -> list[Name]:
        """``path`` and every name that its content may have had before, or has beside it, with the time until when."""
        found = [Name(path, until_us)]
        known = {path}
        for name in found:
            for change, other in self.given(name.path):
                if other not in known and len(found) < _MOST_NAMES and change.us <= name.us:
                    known.add(other)
                    until = change.us if change.op == "rename" else name.us
                    found.append(Name(other, until, (change, *name.changes)))
        return found

    def given(self, path: str) -> list[tuple[NameChange, str]]:
        """How ``path`` came to be that name, each with the other name: by renaming, or as a link in either direction."""
        moved = [(change, change.old + rest) for change, rest in self._moves(self._to, path)]
        linked = [
            (change, change.new + rest)
            for change, rest in self._moves(self._from, path)
            if change.op == "link"
        ]
        return moved + linked

    @staticmethod
    def applied(change: NameChange, path: str) -> str:
        """The name that ``path`` got, or has beside it, by a change of it or of a folder above it."""
        for before, after in ((change.old, change.new), (change.new, change.old)):
            if path == before or path.startswith(f"{before}/"):
                return after + path[len(before) :]
        return path

    def _moves(self, by_name: dict[str, list[NameChange]], path: str) -> Iterator[tuple[NameChange, str]]:
        """Changes of ``path`` itself and of the folders above it, each with the rest of the path below."""
        folder, rest = path, ""
        while folder not in ("", "/"):
            for change in by_name.get(folder, ()):
                yield change, rest
            folder, last = posixpath.split(folder)
            rest = f"/{last}{rest}"


def _holds(change: NameChange, since_us: int) -> bool:
    """Whether a change concerns content that is there since then; links stand for what comes later too."""
    return change.op != "rename" or change.us >= since_us


def _change(seq: int, us: int, op: str, path: str, path2: str, process_id: int | None) -> NameChange:
    if op != "symlink":
        return NameChange(seq, us, op, path, path2, process_id)
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), path2))
    return NameChange(seq, us, op, target, path, process_id)
