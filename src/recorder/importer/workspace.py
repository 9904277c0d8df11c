"""What a results folder keeps of the agent's files: ``task/`` as it was left, and the names of the weights."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from recorder.importer.files import Found, open_regular, walk
from recorder.redact import Redactor
from recorder.workspace.content import Content, Limits, read_content
from store.rows import FileVersion, Gap, Row

LIMITS = Limits(whole=64 << 20)
"""Training data is what a reviewer compares with a benchmark, so more of it is kept than while recording."""
MAX_ENTRIES = 20_000
"""Files of one folder that are looked at."""
MAX_STORED = 1 << 30
"""Bytes of all texts of a run that are kept."""

LEFT = "as it was left at the end of the run"
WEIGHTS = "listed, not kept"


class BlobStore(Protocol):
    """Keeps content under its digest; :class:`store.writer.RunWriter` is one."""

    def put_blob(self, data: bytes) -> str:
        """Keep ``data`` and return its SHA-256."""
        ...


class LeftFiles:
    """Reads files of results folders into file versions, within one run's budget."""

    def __init__(self, blobs: BlobStore, redactor: Redactor) -> None:
        self._blobs = blobs
        self._redactor = redactor
        self._stored = 0

    def texts(self, folder: Path, root: str) -> Iterator[Row]:
        """A version of every file under ``folder``, whose place in the run is ``root``."""
        for count, found in enumerate(walk(folder, MAX_ENTRIES), 1):
            path = f"{root}/{found.relative}"
            yield self._listed(found, path, found.refused) if found.refused else self.text(found.path, path)
            if count == MAX_ENTRIES:
                yield _more(root)

    def listing(self, folder: Path, root: str) -> Iterator[Row]:
        """Names and sizes of the files under ``folder``."""
        for count, found in enumerate(walk(folder, MAX_ENTRIES), 1):
            yield self._listed(found, f"{root}/{found.relative}", found.refused or WEIGHTS)
            if count == MAX_ENTRIES:
                yield _more(root)

    def text(self, source: Path, path: str) -> FileVersion:
        """The file ``source``, whose place in the run is ``path``."""
        name = self._redactor.redact(path).text
        try:
            fd = open_regular(source)
        except OSError as error:
            return FileVersion(name, None, None, "none", reason=f"cannot be read: {error.strerror or error}")
        try:
            return self._version(name, read_content(fd, LIMITS, self._redactor))
        except OSError as error:
            return FileVersion(name, None, None, "none", reason=f"cannot be read: {error.strerror or error}")
        finally:
            os.close(fd)

    def _version(self, name: str, content: Content) -> FileVersion:
        text, blob, captured, reason = content.text, None, content.captured, content.reason or LEFT
        if text is not None:
            data = text.encode("utf-8", "backslashreplace")
            if self._stored + len(data) > MAX_STORED:
                text, captured = None, "none"
                reason = f"the run's {MAX_STORED >> 30} GiB of file contents are spent"
            else:
                self._stored += len(data)
                if captured == "ends" or content.size > LIMITS.inline:
                    text, blob = None, self._blobs.put_blob(data)
        redacted = content.redacted and captured != "none"
        return FileVersion(name, content.sha256, content.size, captured, text, blob, redacted, reason=reason)

    def _listed(self, found: Found, path: str, reason: str | None) -> FileVersion:
        return FileVersion(self._redactor.redact(path).text, None, found.size, "none", reason=reason)


def _more(root: str) -> Gap:
    return Gap("truncated", f"{root} holds more than {MAX_ENTRIES} files; the others were not looked at")
