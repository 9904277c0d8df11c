"""The recorded contents of files, as far as they are text."""

from dataclasses import dataclass

from review.detector import RunView
from store.errors import Damaged
from store.writer import blob_path

_LARGEST = 64 << 20
"""Bytes of one stored content that are compared; larger ones are told as not whole."""


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


def recorded_versions(run: RunView) -> list[Version]:
    """Every recorded content, by ``seq``."""
    rows = run.query("SELECT seq, path, process_id, text, captured, blob FROM file_versions ORDER BY seq")
    versions = []
    for seq, path, process_id, text, captured, blob in rows:
        content = text if text is not None or blob is None else _read_blob(run, blob)
        versions.append(Version(seq, path, process_id, content, captured == "whole" and content is not None))
    return versions


def _read_blob(run: RunView, blob: str) -> str | None:
    try:
        path = blob_path(run.folder, blob)
        if path.stat().st_size > _LARGEST:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, Damaged):
        return None
