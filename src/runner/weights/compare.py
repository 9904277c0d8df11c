"""One tensor against the base's and the instruct sibling's, in pieces of a few MiB."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from runner.weights.numbers import COMPARABLE, Floats, floats, rounding
from runner.weights.safetensors import ITEM_BYTES, Tensor, Weights
from runner.weights.spectrum import Spectrum, sampled_rows, spectrum

_PIECE_ITEMS = 1 << 20
_SPARSE = 0.5
"""A matrix most of whose rows stayed has a low rank that no adapter gave it (a vocabulary, a few words of it tuned)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Sums over the numbers of one tensor."""

    name: str
    items: int
    same_as_base: bool
    """Byte for byte."""
    same_as_instruct: bool
    model: float
    """‖x‖²."""
    base: float
    """‖base‖²."""
    change: float
    """‖x − base‖²."""
    along: float
    """⟨x − base, instruct − base⟩; 0 without an instruct sibling."""
    way: float
    """‖instruct − base‖²."""
    matrix: bool
    change_spectrum: Spectrum | None
    """Of x − base; None for no matrix, or no change."""
    rest_spectrum: Spectrum | None
    """Of x − instruct, likewise."""

    @property
    def alpha(self) -> float | None:
        """How far x went from base to instruct; None where the two do not differ."""
        return self.along / self.way if self.way > 0 else None


@dataclass(frozen=True, slots=True)
class Side:
    """A tensor with the file that it is in."""

    weights: Weights
    tensor: Tensor

    def piece(self, first: int, count: int) -> bytearray:
        """The bytes of ``count`` numbers from number ``first`` on."""
        size = ITEM_BYTES[self.tensor.kind]
        piece = bytearray(count * size)
        self.weights.read(self.tensor, first * size, memoryview(piece))
        return piece

    def numbers(self, piece: bytearray) -> Floats:
        """A piece as numbers."""
        return floats(self.tensor.kind, piece)


def comparable(one: Tensor, other: Tensor) -> bool:
    """Whether numbers of two tensors stand for the same weights; a vocabulary may have grown by some rows."""
    return (
        one.kind in COMPARABLE
        and other.kind in COMPARABLE
        and len(one.shape) == len(other.shape)
        and one.shape[1:] == other.shape[1:]
        and (one.shape == other.shape or len(one.shape) == 2)
    )


def compare(model: Side, base: Side, instruct: Side | None) -> Compared:
    """Compare the rows that all have; every pair must be :func:`comparable`."""
    sides = [side for side in (model, base, instruct) if side]
    rows, row_items = min(side.tensor.rows for side in sides), model.tensor.row_items
    matrix = len(model.tensor.shape) == 2
    sample = _Sample(rows, row_items, model.tensor.kind) if matrix else None
    same_base = _alike(model.tensor, base.tensor)
    same_instruct = instruct is not None and _alike(model.tensor, instruct.tensor)
    sums = np.zeros(5)
    for first, count in _pieces(rows, row_items):
        raw = model.piece(first, count)
        base_raw = base.piece(first, count)
        same_base = same_base and raw == base_raw
        x, b = model.numbers(raw), base.numbers(base_raw)
        change = x - b
        sums[:3] += [np.dot(x, x), np.dot(b, b), np.dot(change, change)]
        rest = None
        if instruct:
            instruct_raw = instruct.piece(first, count)
            same_instruct = same_instruct and raw == instruct_raw
            i = instruct.numbers(instruct_raw)
            instruct_change = i - b
            sums[3:] += [np.dot(change, instruct_change), np.dot(instruct_change, instruct_change)]
            rest = x - i
        if sample:
            sample.take(first, x, change, rest)
    energy, base_energy, changed, along, way = (float(value) for value in sums)
    return Compared(
        model.tensor.name,
        rows * row_items,
        same_base,
        same_instruct,
        energy,
        base_energy,
        changed,
        along,
        way,
        matrix,
        sample.of_change() if sample else None,
        sample.of_rest() if sample else None,
    )


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.kind == other.kind and one.shape == other.shape


def _pieces(rows: int, row_items: int) -> Iterator[tuple[int, int]]:
    """Pieces of whole rows where a row fits, as (first number, count)."""
    total = rows * row_items
    step = max(_PIECE_ITEMS // max(row_items, 1), 1) * row_items
    if step > 4 * _PIECE_ITEMS or step == 0:
        step = _PIECE_ITEMS
    for first in range(0, total, step):
        yield first, min(step, total - first)


class _Sample:
    """Rows of the changes of one matrix, evenly spread."""

    def __init__(self, rows: int, row_items: int, kind: str) -> None:
        self._columns = row_items
        self._kind = kind
        wanted = sampled_rows(rows, row_items)
        self._stride = max(rows // wanted, 1) if wanted else 0
        self._wanted = wanted
        self._changes: list[Floats] = []
        self._rests: list[Floats] = []
        self._rounding = 0.0

    def take(self, first: int, x: Floats, change: Floats, rest: Floats | None) -> None:
        """Take the rows of a piece that belong to the sample."""
        if not self._wanted or first % self._columns or x.size % self._columns:
            return
        begin = first // self._columns
        chosen = slice(-begin % self._stride, self._wanted * self._stride - begin, self._stride)
        if chosen.stop <= 0:
            return
        self._changes.append(change.reshape(-1, self._columns)[chosen].copy())
        self._rounding += rounding(self._kind, x.reshape(-1, self._columns)[chosen].ravel())
        if rest is not None:
            self._rests.append(rest.reshape(-1, self._columns)[chosen].copy())

    def of_change(self) -> Spectrum | None:
        """The spectrum of x − base."""
        return self._of(self._changes)

    def of_rest(self) -> Spectrum | None:
        """The spectrum of x − instruct."""
        return self._of(self._rests)

    def _of(self, rows: list[Floats]) -> Spectrum | None:
        if not rows:
            return None
        matrix = np.concatenate(rows)
        if not np.isfinite(matrix).all() or np.mean(matrix.any(axis=1)) < _SPARSE:
            return None
        return spectrum(matrix, self._rounding)
