"""What later rows are named after: an exit after the program that ended, a result after its command."""

from collections.abc import Callable

import numpy as np

from store.index.tables import Ints
from store.index.vocabulary import Ids, Vocabulary

Earlier = Callable[[int], str | None]
"""The label that an earlier block knows for a process or command."""


class Known:
    """Labels of processes or commands by id, each from a row ``seq`` on."""

    def __init__(self, earlier: Earlier) -> None:
        self._keys = np.empty(0, np.int64)
        self._seqs = np.empty(0, np.int64)
        self._labels = np.empty(0, np.int32)
        self._earlier = earlier

    def learn(self, keys: Ints, seqs: Ints, labels: Ids) -> None:
        """Add labels."""
        self._keys = np.concatenate([self._keys, keys])
        self._seqs = np.concatenate([self._seqs, seqs])
        self._labels = np.concatenate([self._labels, labels])

    def before(self, keys: Ints, seqs: Ints, vocabulary: Vocabulary) -> Ids:
        """For each asked ``(key, seq)`` the last label of ``key`` before ``seq``; an empty one for none."""
        every = np.concatenate([self._keys, keys])
        order = np.lexsort((np.concatenate([self._seqs, seqs]), every))
        known = order < len(self._keys)
        last = np.maximum.accumulate(np.where(known, np.arange(len(order)), -1))
        answers = order[last]
        found = (last >= 0) & (every[answers] == every[order])
        labels = np.full(len(order), vocabulary.empty, np.int32)
        labels[order[found]] = self._labels[answers[found]]
        lost = np.zeros(len(order), np.bool_)
        lost[order[~found]] = True
        asked = labels[len(self._keys) :]
        missing = np.flatnonzero(lost[len(self._keys) :])
        if len(missing):
            unknown, which = np.unique(keys[missing], return_inverse=True)
            asked[missing] = vocabulary.add(self._earlier(key) or "" for key in unknown.tolist())[which]
        return asked

    def settle(self) -> None:
        """Keep only the last label of each: whatever is asked from now on came later than all that was learned."""
        self._keys, self._seqs, self._labels = self._newest()

    def latest(self) -> tuple[Ints, Ids]:
        """Keys, ascending, and the last label of each."""
        keys, _, labels = self._newest()
        return keys, labels

    def _newest(self) -> tuple[Ints, Ints, Ids]:
        order = np.lexsort((self._seqs, self._keys))
        keys = self._keys[order]
        last = np.append(keys[1:] != keys[:-1], np.True_) if len(keys) else np.zeros(0, np.bool_)
        return keys[last], self._seqs[order[last]], self._labels[order[last]]
