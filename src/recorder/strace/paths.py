"""Names as a process wrote them, made into the absolute paths that the kernel walked to.

Where strace prints the kernel's own answer (behind a descriptor) that answer is used and nothing here is. For calls
that return no descriptor, and for failed ones, the directory part of the name is resolved through symbolic links on
the file system as it is at that moment, a few milliseconds after the call.
"""

import os
import re

_OWN_PROC = re.compile(rb"^/proc/(?:thread-)?self(?=/|$)")
_REMEMBERED = 4096


class Paths:
    """Resolves names, remembering directories until something moves."""

    def __init__(self) -> None:
        self._directories: dict[bytes, bytes] = {}

    def absolute(self, base: bytes, name: bytes, pid: int, *, root: bytes = b"") -> bytes:
        """``name`` against ``base`` with its directory resolved; the last component stays as it is."""
        if not name:
            return base
        path = _OWN_PROC.sub(b"/proc/%d" % pid, name) if name.startswith(b"/") else base + b"/" + name
        if root and name.startswith(b"/"):
            path = root + path
        directory, _, last = path.rstrip(b"/").rpartition(b"/")
        if last in (b"", b".", b".."):
            return os.path.realpath(path)
        return os.path.join(self._directory(directory or b"/"), last)

    def target(self, base: bytes, name: bytes, pid: int, *, root: bytes = b"") -> bytes:
        """As :meth:`absolute`, with a last component that is a symbolic link followed too."""
        return os.path.realpath(self.absolute(base, name, pid, root=root))

    def moved(self) -> None:
        """A directory or link was renamed, replaced or mounted over: what was resolved may now be wrong."""
        self._directories.clear()

    def _directory(self, directory: bytes) -> bytes:
        known = self._directories.get(directory)
        if known is None:
            if len(self._directories) >= _REMEMBERED:
                self._directories.clear()
            known = self._directories[directory] = os.path.realpath(directory)
        return known
