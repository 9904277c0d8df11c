"""Reading a BPF ring buffer in place, as arrays: no call and no object per record.

The format is the kernel's (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producer's,
then the data mapped twice in a row, so that a record never wraps. Each record has an 8-byte header whose first
word is its length with a busy and a discard bit.
"""

import mmap

import numpy as np
from numpy.typing import NDArray

_BUSY = 1 << 31
_HEADER_BYTES = 8
_ALIGNMENT = 8


class Ring:
    """The consumer's end of one ring; there is no other consumer."""

    def __init__(self, fd: int, size: int) -> None:
        page = mmap.PAGESIZE
        self._mask = size - 1
        self._consumer_page = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
        self._data_pages = mmap.mmap(fd, page + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        self._consumer = np.frombuffer(self._consumer_page, "<u8", 1)
        self._producer = np.frombuffer(self._data_pages, "<u8", 1)
        self._data = np.frombuffer(self._data_pages, "u1", 2 * size, offset=page)

    @property
    def end(self) -> int:
        """The position up to which records have been reserved."""
        return int(self._producer[0])

    @property
    def position(self) -> int:
        """The position up to which records have been taken."""
        return int(self._consumer[0])

    def take(self, record: np.dtype[np.void], end: int, limit: int) -> NDArray[np.void]:
        """At most ``limit`` finished records of one fixed type before position ``end``, copied out and freed."""
        stride = record.itemsize + _HEADER_BYTES
        start = self.position
        count = min((end - start) // stride, limit)
        framed = np.dtype([("length", "<u4"), ("page", "<u4"), ("record", record)])
        offset = start & self._mask
        view = self._data[offset : offset + count * stride].view(framed)
        busy = view["length"] >= _BUSY
        if busy.any():
            count = int(busy.argmax())
        records = view["record"][:count].copy()
        self._consumer[0] = start + count * stride
        return records

    def take_variable(self, end: int) -> list[bytes]:
        """All finished records before position ``end``, whatever their lengths, copied out and freed."""
        records: list[bytes] = []
        position = self.position
        while position < end:
            offset = position & self._mask
            length = int(self._data[offset : offset + 4].view("<u4")[0])
            if length & _BUSY:
                break
            start = offset + _HEADER_BYTES
            records.append(self._data[start : start + length].tobytes())
            position += -(-(length + _HEADER_BYTES) // _ALIGNMENT) * _ALIGNMENT
        self._consumer[0] = position
        return records

    def close(self) -> None:
        """Give the mappings back."""
        empty = np.empty(0, "<u8")
        self._consumer, self._producer, self._data = empty, empty, empty.view("u1")
        self._consumer_page.close()
        self._data_pages.close()
