"""Names of far ends, from what name servers answered to the recorded processes (RFC 1035, section 4).

An answer is the word of whoever sent it, and its bytes are as hostile as any: a name says what a process was told, not
whom it reached. What is seen are datagrams from port 53; names from ``/etc/hosts``, a resolver daemon, TCP, TLS or HTTPS
are not.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Final

from store.readable import readable

_MOST: Final = 65_536
"""Addresses whose names are remembered, of all processes together and by process."""
_LONGEST_NAME: Final = 253
_MOST_JUMPS: Final = 16
_MOST_RECORDS: Final = 64
_HEADER: Final = struct.Struct("!6H")
_RECORD: Final = struct.Struct("!HHIH")
_IS_ANSWER: Final = 0x8000
_INTERNET: Final = 1
_FAMILIES: Final = {1: (socket.AF_INET, 4), 28: (socket.AF_INET6, 16)}
"""Types of records that hold an address."""


class Names:
    """Which name was asked for when an address was answered: by the process itself, else by any of the run."""

    def __init__(self) -> None:
        self._by_process: dict[tuple[int, str], str] = {}
        self._of_any: dict[str, str] = {}

    def learn(self, process_id: int, datagram: bytes) -> None:
        """A process received an answer; one that is none, or is damaged, teaches what it has before the damage."""
        for name, address in answered(datagram):
            if len(self._by_process) >= _MOST:
                del self._by_process[next(iter(self._by_process))]
            if len(self._of_any) >= _MOST:
                del self._of_any[next(iter(self._of_any))]
            self._by_process[process_id, address] = self._of_any[address] = name

    def host(self, process_id: int, address: str | None) -> str | None:
        """The name that stands for an address; None where none was seen."""
        if address is None:
            return None
        return self._by_process.get((process_id, address)) or self._of_any.get(address)


def answered(datagram: bytes) -> Iterator[tuple[str, str]]:
    """The name that was asked for, with each address in the answer."""
    try:
        _, flags, questions, records, _, _ = _HEADER.unpack_from(datagram)
        if not flags & _IS_ANSWER or questions != 1:
            return
        name, at = _name(datagram, _HEADER.size)
        at += 4  # type and class of the question
        for _ in range(min(records, _MOST_RECORDS)):
            _, at = _name(datagram, at)
            kind, klass, _, length = _RECORD.unpack_from(datagram, at)
            at += _RECORD.size
            family, size = _FAMILIES.get(kind, (None, 0))
            if family is not None and klass == _INTERNET and length == size and at + size <= len(datagram):
                yield name, socket.inet_ntop(family, datagram[at : at + size])
            at += length
    except (struct.error, IndexError, _Damaged):
        return


class _Damaged(Exception):
    """The bytes are no name."""


def _name(datagram: bytes, at: int) -> tuple[str, int]:
    """The name that begins at a place, and the place behind it."""
    labels: list[bytes] = []
    behind = None
    for _ in range(_LONGEST_NAME + _MOST_JUMPS):
        length = datagram[at]
        if length == 0:
            name = readable(b".".join(labels))[:_LONGEST_NAME]
            return name, at + 1 if behind is None else behind
        if length >= 0xC0:  # the rest stands elsewhere
            behind = at + 2 if behind is None else behind
            at = (length & 0x3F) << 8 | datagram[at + 1]
        elif length < 0x40:
            labels.append(datagram[at + 1 : at + 1 + length])
            at += 1 + length
        else:
            break
    raise _Damaged
