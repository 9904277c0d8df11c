"""Path ids of whole batches of records: Python runs once per distinct text, never once per record."""

import struct

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.ebpf.layout import HEAD, TEXT, TEXT_PARTS, RecordType
from recorder.ebpf.names import named, resolved
from store.readable import readable
from store.schema import NULL
from store.sink import Sink

_MEMORY = 262_144
"""Distinct texts remembered from batch to batch."""
_LENGTHS = struct.Struct(f"<{TEXT_PARTS}I")
_LENGTH = struct.Struct("<I")
_ABOUT = np.dtype([("kind", "<u4"), ("pid", "<u4")])
_ABOUT_STRUCT = struct.Struct("<II")

UNREAD = "(unread)"
"""Stands where a name could not be read from the process that gave it."""


def parts(body: bytes) -> list[bytes]:
    """The parts of a record's text; ``body`` starts with their lengths."""
    found, start = [], _LENGTHS.size
    for length in _LENGTHS.unpack_from(body):
        found.append(body[start : start + length])
        start += length
    return found


class PathIds:
    """Interns the paths of records, remembering what it has seen."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._resolved: dict[bytes, int] = {}

    def of_files(self, texts: NDArray[np.void]) -> NDArray[np.int64]:
        """Path ids of OPEN and SEEN records; :data:`NULL` where the file is in no folder."""
        if len(self._resolved) > _MEMORY:
            self._resolved.clear()
        distinct, rows = _distinct(_bodies(texts))
        return np.array([self._of_file(body) for body in distinct], dtype=np.int64)[rows]

    def of_names(self, texts: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids of the first and second path of records about names; the second is :data:`NULL` if there is none."""
        about = np.empty((len(texts), _ABOUT.itemsize), "u1")
        whole = about.view(_ABOUT)[:, 0]
        whole["kind"], whole["pid"] = texts["head"]["type"], texts["head"]["pid"]
        distinct, rows = _distinct(np.concatenate([about, _bodies(texts)], axis=1))
        found = [
            self.of_name(key[_ABOUT.itemsize :], *_ABOUT_STRUCT.unpack_from(key))  # kind and pid
            for key in distinct
        ]
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return pairs[rows, 0], pairs[rows, 1]

    def of_name(self, body: bytes, kind: int, pid: int) -> tuple[int, int]:
        """Ids of the paths of one record about names."""
        name, base, new_name, new_base = parts(body)
        if kind == RecordType.SYMLINK:
            return self._intern(named(new_name, new_base, pid)), self._intern(name.removesuffix(b"\0"))
        if kind == RecordType.MOUNT:
            return self._intern(named(new_name, new_base, pid)), self._intern(name.removesuffix(b"\0"))
        second = self._intern(named(new_name, new_base, pid)) if new_name else NULL
        return self._intern(named(name, base, pid)), second

    def of_components(self, components: bytes) -> int:
        """The id of a path given as its components; :data:`NULL` where the file is in no folder."""
        if not components:
            return NULL
        return self._intern(resolved(components))

    def _of_file(self, body: bytes) -> int:
        short = body.rstrip(b"\0")  # most of a record is padding, and hundreds of thousands are remembered
        known = self._resolved.get(short)
        if known is None:
            (length,) = _LENGTH.unpack_from(body)
            known = self._resolved[short] = self.of_components(body[_LENGTHS.size : _LENGTHS.size + length])
        return known

    def _intern(self, path: bytes | None) -> int:
        return self._sink.intern(readable(path) if path is not None else UNREAD)


def _bodies(texts: NDArray[np.void]) -> NDArray[np.uint8]:
    """What follows the heads: the lengths of the parts and the text, a row a record."""
    whole = np.ascontiguousarray(texts).view("u1").reshape(len(texts), TEXT.itemsize)
    return whole[:, HEAD.itemsize :]


def _distinct(keys: NDArray[np.uint8]) -> tuple[list[bytes], NDArray[np.int64]]:
    """The distinct rows of ``keys``, and for each row the place of its like among them."""
    if not len(keys):
        return [], np.empty(0, np.int64)
    packed = np.ascontiguousarray(keys)
    column = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(packed.shape[1]), len(packed), [None, pa.py_buffer(packed)]
    )
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices)
