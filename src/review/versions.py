"""The recorded contents of files, as far as they are text."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from review.detector import RunView
from review.file_names import is_weights
from store.counting import counted
from store.errors import Damaged
from store.writer import blob_path

_LARGEST = 64 << 20
"""Bytes of one stored content that are looked into; :func:`unread` tells larger ones."""


@dataclass(frozen=True, slots=True)
class Version:
    """Content of a file as written."""

    seq: int
    path: str
    process_id: int | None
    text: str | None
    """None where no text was kept."""
    whole: bool
    """Whether ``text`` is all of it."""
    missing: str = ""
    """Why it is not, for people: ``larger than 64 MiB``; empty where it is whole."""


def recorded_versions(run: RunView) -> list[Version]:
    """Every recorded content, by ``seq``."""
    rows = run.query("SELECT seq, path, process_id, text, captured, blob FROM file_versions ORDER BY seq")
    versions = []
    for seq, path, process_id, text, captured, blob in rows:
        content, missing = (text, "") if text is not None or blob is None else _read_blob(run, blob)
        if captured != "whole" or content is None:
            missing = missing or ("of which only a part was kept" if content else "of which no text was kept")
        versions.append(Version(seq, path, process_id, content, not missing, missing))
    return versions


def unread(versions: Iterable[Version], wanted: Callable[[str], bool] = lambda _: True) -> str:
    """Contents that nobody could look into, or not all of, and why; empty where all was read.

    Of files whose path is ``wanted``; weights are never meant to be read. Every rule that reads contents says it so.
    """
    why = Counter(
        one.missing for one in versions if not (one.whole or is_weights(one.path)) and wanted(one.path)
    )
    return ", ".join(f"{counted(count, 'file version')} {missing}" for missing, count in sorted(why.items()))


def _read_blob(run: RunView, blob: str) -> tuple[str | None, str]:
    """The text, or why there is none."""
    try:
        path = blob_path(run.folder, blob)
        if path.stat().st_size > _LARGEST:
            return None, f"larger than {_LARGEST >> 20} MiB"
        return path.read_text(encoding="utf-8", errors="replace"), ""
    except (OSError, Damaged):
        return None, "whose stored content cannot be read"
