"""Requests of io_uring between the record of what they name and the record of what came of them."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recorder.ebpf.layout import Mark, RecordType
from recorder.ebpf.lifecycle import Record


class Requests:
    """Pairs records by the address of the request, which the kernel reuses once it has completed."""

    def __init__(self) -> None:
        self._waiting: dict[int, Record] = {}

    def settle(self, submitted: Iterable[Record], events: NDArray[np.void]) -> list[Record]:
        """The submitted records whose result is known by now, with it; opens that have their own record are left out."""
        completed = events["head"][events["head"]["type"] == RecordType.COMPLETED]
        told: list[tuple[int, Record | np.void]] = [(int(record.head["ts"]), record) for record in submitted]
        told += [(int(head["ts"]), head) for head in completed]
        settled: list[Record] = []
        for _, item in sorted(told, key=lambda at: at[0]):
            if isinstance(item, Record):
                if Mark.SILENT in item.marks:
                    settled.append(item)
                else:
                    self._waiting[int(item.head["access"])] = item
                continue
            record = self._waiting.pop(int(item["access"]), None)
            if record is not None and not item["inode"]:
                settled.append(_with_result(record, int(item["result"])))
        return settled

    def unfinished(self) -> list[Record]:
        """Requests whose completion was never seen; they are forgotten."""
        left = list(self._waiting.values())
        self._waiting.clear()
        return left


def _with_result(record: Record, result: int) -> Record:
    head = record.head.copy()
    head["result"] = result
    return replace(record, head=head)
