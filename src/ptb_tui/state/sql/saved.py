"""Queries worth keeping: those that come with ptb, and the user's own, one ``.sql`` file each.

The first line may be a comment that says what the query answers.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from store.durable import replace_file, writing
from store.errors import BadInput

_SHIPPED = Path(__file__).parents[2] / "queries"
_NAME = re.compile(r"[^\W_][\w.-]{0,59}\Z")


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with a name."""

    name: str
    text: str
    """The whole file, its comment as well."""

    @property
    def title(self) -> str:
        """What it answers, as its first line says; empty where it says nothing."""
        first = self.text.lstrip().split("\n", 1)[0]
        return first.removeprefix("--").strip() if first.startswith("--") else ""


def queries_folder() -> Path:
    """Where the user's own queries lie."""
    from platformdirs import user_config_path

    return user_config_path("ptb", appauthor=False) / "queries"


def shipped() -> list[SavedQuery]:
    """The queries that come with ptb, by name."""
    return _read(_SHIPPED)


def own() -> list[SavedQuery]:
    """The user's queries, by name; none where there is no such folder."""
    return _read(queries_folder())


def save(name: str, text: str) -> Path:
    """Keep ``text`` under ``name``, over a query of that name; returns its file.

    Raises :class:`BadInput` for a name that is no file name, :class:`store.errors.StoreFailed` where it cannot be
    written.
    """
    stem = name.strip().removesuffix(".sql").replace(" ", "-")
    if not _NAME.match(stem):
        raise BadInput(
            f"{name.strip()!r} is no name for a query: letters, digits, - _ and . only, at most 60"
        )
    path = queries_folder() / f"{stem}.sql"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (text.rstrip() + "\n").encode())
    return path


def _read(folder: Path) -> list[SavedQuery]:
    found: list[SavedQuery] = []
    try:
        files = sorted(folder.glob("*.sql"))
    except OSError:
        return found
    for file in files:
        try:
            found.append(SavedQuery(file.stem, file.read_text(errors="replace").rstrip()))
        except OSError:
            continue
    return found
