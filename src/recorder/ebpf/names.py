"""The text of records as paths, argument lists and addresses."""

import hashlib
import posixpath
import shlex
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache

from store.readable import readable


def resolved(components: bytes) -> bytes:
    """The path of components that run from the last to the first, each ended by NUL."""
    return b"/" + b"/".join(components[:-1].split(b"\0")[::-1])


_folder = lru_cache(maxsize=4096)(resolved)
"""The folders that names start from are few."""


def named(name: bytes, base: bytes, pid: int) -> bytes | None:
    """The absolute path of a caller's string; None where it could not be read.

    ``..`` is folded without looking at symbolic links: those of the moment of the call are gone.
    """
    if not name:
        return None
    raw = name.removesuffix(b"\0")
    if raw.startswith((b"/proc/self/", b"/proc/thread-self/")):
        raw = b"/proc/%d/" % pid + raw.split(b"/", 3)[3]
    if not raw:  # AT_EMPTY_PATH: the base itself
        return resolved(base)
    folder = _folder(base) if base else b""
    path = folder + (raw if raw.startswith(b"/") else b"/" + raw)
    if b"//" in path or b"/." in path or path.endswith(b"/"):
        return b"/" + posixpath.normpath(path).lstrip(b"/")
    return path


def arguments(block: bytes) -> str:
    """An argument vector as the shell would take it."""
    return shlex.join(map(readable, block.removesuffix(b"\0").split(b"\0"))) if block else ""


def environment_hash(block: bytes) -> str:
    """SHA-256 over the sorted environment."""
    return hashlib.sha256(b"\0".join(sorted(block.removesuffix(b"\0").split(b"\0")))).hexdigest()


@dataclass(frozen=True, slots=True)
class Address:
    """The far end of a connection."""

    dst: str | None
    """Numeric address, path of a local socket (``@`` for the abstract kind), or the name of the family."""
    port: int | None = None


_FAMILIES = {int(family): family.name.removeprefix("AF_").lower() for family in socket.AddressFamily}


def address(raw: bytes) -> Address:
    """A ``struct sockaddr``."""
    if len(raw) < 2:
        return Address(None)
    (family,) = struct.unpack_from("=H", raw)
    if family == socket.AF_INET and len(raw) >= 8:
        (port,) = struct.unpack_from("!H", raw, 2)
        return Address(socket.inet_ntop(socket.AF_INET, raw[4:8]), port)
    if family == socket.AF_INET6 and len(raw) >= 24:
        (port,) = struct.unpack_from("!H", raw, 2)
        return Address(socket.inet_ntop(socket.AF_INET6, raw[8:24]), port)
    if family == socket.AF_UNIX:
        path = raw[2:]
        if path.startswith(b"\0"):
            return Address("@" + readable(path[1:]))
        return Address(readable(path.split(b"\0", 1)[0]) or "unix")
    return Address(_FAMILIES.get(family, f"family {family}"))
