"""What the spectrum of a change says of how it was made, from a sample of a matrix's rows.

A sample of s rows of a matrix of rank r has rank min(r, s), so that a merged adapter shows in 512 rows of any
matrix; and independent noise shows by having no preferred direction at all.
"""

from dataclasses import dataclass

import numpy as np

from runner.weights.numbers import Floats

SAMPLE_ROWS = 512
SAMPLE_ITEMS = 8 << 20
"""Numbers in one sample: 32 MiB."""
_LEAST_ROWS = 32
"""A smaller matrix has no low rank to speak of."""
_RANK_SHARE = 4
"""Low rank is up to a quarter of the sampled rows: 128 for a large matrix, as adapters go."""
_EXPLAINED = 0.97
"""Share of the change in its strongest directions, beyond what rounding explains."""
_ROUNDED = 0.25
"""Share of the change that rounding could be, up to which its rank can be seen: below a step of the file's type, most
changes are lost and the rest are whole steps here and there, which say nothing of what was asked for."""
_WHITE = 0.85
"""Of the evenness that independent noise has."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Of the change of one matrix."""

    low_rank: bool | None
    """None where rounding alone could make much of the change."""
    white: bool
    """As even in all directions as independent noise."""


def sampled_rows(rows: int, row_items: int) -> int:
    """How many rows of a matrix are looked at; 0 for one that is too small, or no layer (a vocabulary)."""
    if min(rows, row_items) < _LEAST_ROWS:
        return 0
    return min(rows, SAMPLE_ROWS, max(SAMPLE_ITEMS // row_items, 1))


def spectrum(changes: Floats, rounding_energy: float) -> Spectrum | None:
    """Of sampled rows; None where they did not change."""
    if changes.shape[0] > changes.shape[1]:
        changes = changes.T
    rows, columns = changes.shape
    gram = (changes @ changes.T).astype(np.float64)
    energies = np.clip(np.linalg.eigvalsh(gram), 0, None)[::-1]
    total = float(energies.sum())
    if total == 0:
        return None
    rank = rows // _RANK_SHARE
    beyond = float(energies[rank:].sum()) - rounding_energy * (1 - rank / rows)
    seen = rounding_energy <= _ROUNDED * total
    low_rank = beyond <= (1 - _EXPLAINED) * total if seen else None
    # Marchenko–Pastur: for independent noise the mean of squared eigenvalues is (1 + rows/columns) times the squared mean
    evenness = total**2 / (rows * float(np.square(energies).sum())) * (1 + rows / columns)
    return Spectrum(low_rank, evenness >= _WHITE)
