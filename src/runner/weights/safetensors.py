"""Reads safetensors files: the header with every number in it checked, and ranges of a tensor into a buffer.

Format: https://huggingface.co/docs/safetensors (eight bytes of header length, little endian; a JSON header; data
without holes). Nothing is mapped, so that a file cut while it is read is an error and not a signal.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import TracebackType
from typing import Self

from runner.weights.model_folder import ModelFolder
from store.errors import BadInput
from store.jsonio import loads

_MAX_HEADER = 16 << 20
"""Bytes; the format allows 100 MB, and a thousand tensors take 0.1."""
_LENGTH = 8
_MAX_DIMENSIONS = 8

ITEM_BYTES: Mapping[str, int] = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
"""Bytes of one number, by the format's name of its type."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies."""

    name: str
    kind: str
    """A key of :data:`ITEM_BYTES`."""
    shape: tuple[int, ...]
    shard: int
    """Number of its file."""
    offset: int
    """In the file."""

    @property
    def row_items(self) -> int:
        """Numbers in one entry of the first dimension."""
        return prod(self.shape[1:])

    @property
    def rows(self) -> int:
        """The first dimension; 1 for a scalar."""
        return self.shape[0] if self.shape else 1


class Weights:
    """The tensors of a model; close it, or use it in ``with``."""

    def __init__(self, folder: ModelFolder) -> None:
        """Raises :class:`BadInput` for a file that is no safetensors."""
        self._descriptors: list[int] = []
        self.tensors: dict[str, Tensor] = {}
        """By name."""
        self.size = 0
        """Bytes of all tensors."""
        try:
            for name in folder.shards():
                self._add(f"{folder.path / name}", folder.open(name))
        except BaseException:
            self.close()
            raise

    def read(self, tensor: Tensor, start: int, into: memoryview) -> None:
        """Fill ``into`` with the bytes of ``tensor`` from byte ``start`` on."""
        done = 0
        while done < len(into):
            count = os.preadv(self._descriptors[tensor.shard], [into[done:]], tensor.offset + start + done)
            if count == 0:
                raise BadInput(f"{tensor.name}: the file became shorter while it was read")
            done += count

    def close(self) -> None:
        """Close the files."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, where: str, descriptor: int) -> None:
        self._descriptors.append(descriptor)
        size = os.fstat(descriptor).st_size
        header_size = int.from_bytes(os.pread(descriptor, _LENGTH, 0), "little")
        if size < _LENGTH or not 2 <= header_size <= size - _LENGTH:
            raise BadInput(
                f"{where} is no safetensors file: its header would have {header_size} bytes of {size}"
            )
        if header_size > _MAX_HEADER:
            raise BadInput(f"{where} has a header of {header_size >> 20} MiB; {_MAX_HEADER >> 20} are read")
        try:
            header = loads(os.pread(descriptor, header_size, _LENGTH))
        except ValueError as error:
            raise BadInput(f"{where} is no safetensors file: its header is no JSON: {error}") from error
        if not isinstance(header, dict):
            raise BadInput(f"{where} is no safetensors file: its header is no JSON object")
        header.pop("__metadata__", None)
        begin, spans = _LENGTH + header_size, []
        for name, entry in header.items():
            if name in self.tensors:
                raise BadInput(f"{where} has the tensor {name!r}, which another file has as well")
            tensor, end = self._tensor(where, name, entry, begin)
            self.tensors[name] = tensor
            spans.append((tensor.offset, end))
        _check_spans(where, sorted(spans), begin, size)
        self.size += size - begin

    def _tensor(self, where: str, name: str, entry: object, begin: int) -> tuple[Tensor, int]:
        match entry:
            case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(first), int(last)]}:
                pass
            case _:
                raise BadInput(f"{where}: {name!r} lacks dtype, shape or data_offsets")
        if kind not in ITEM_BYTES:
            raise BadInput(f"{where}: {name!r} has the type {kind!r}; known are {', '.join(ITEM_BYTES)}")
        if len(shape) > _MAX_DIMENSIONS or any(type(size) is not int or size < 0 for size in shape):
            raise BadInput(f"{where}: {name!r} has the impossible shape {shape}")
        if not 0 <= first <= last or last - first != prod(shape) * ITEM_BYTES[kind]:
            raise BadInput(f"{where}: {name!r} has {last - first} bytes, and its shape says otherwise")
        number = len(self._descriptors) - 1
        return Tensor(name, kind, tuple(shape), number, begin + first), begin + last


def _check_spans(where: str, spans: list[tuple[int, int]], begin: int, size: int) -> None:
    """Tensors must fill the data without holes or overlaps, as the format says."""
    for first, last in spans:
        if first != begin:
            raise BadInput(
                f"{where} is no safetensors file: a hole or an overlap at byte {min(first, begin)}"
            )
        begin = last
    if begin != size:
        raise BadInput(f"{where} is no safetensors file: its tensors end at byte {begin} of {size}")
