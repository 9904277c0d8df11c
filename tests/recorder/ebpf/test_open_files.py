"""Paths of accesses between the record of an open and the record of its end."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recorder.ebpf.open_files import GENERATION, UNKNOWN, OpenFiles

_BATCHES = st.lists(st.dictionaries(st.integers(1, 60), st.integers(0, 9), max_size=20), max_size=8)


def ids(numbers: object) -> np.typing.NDArray[np.int64]:
    return np.array(list(numbers), dtype=np.int64)  # type: ignore[call-overload]


@given(_BATCHES)
def test_it_is_a_dictionary_in_batches(batches: list[dict[int, int]]) -> None:
    table, model = OpenFiles(), dict[int, int]()
    for batch in batches:
        table.add(ids(batch), ids(batch.values()))
        model |= batch
    assert table.paths(ids(range(70))).tolist() == [model.get(number, UNKNOWN) for number in range(70)]


def test_what_has_ended_is_kept_a_while_and_then_forgotten() -> None:
    table = OpenFiles()
    for start in range(0, 4 * GENERATION, GENERATION):
        numbers = ids(range(start, start + GENERATION))
        table.add(numbers, numbers)
        table.retire(numbers)
        assert table.paths(numbers).tolist() == numbers.tolist()
    assert len(table) == GENERATION
    assert table.paths(ids([0])).tolist() == [UNKNOWN]
