"""Run by the GPU tests in a process of its own: records with whatever NVML is found, one JSON line a row.

Usage: ``python gpu_recording.py INTERVAL_S``; ends when its standard input does.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import orjson
from numpy.typing import NDArray

from recorder.gpu.source import GpuSource
from recorder.source import Target
from store.errors import PtbError
from store.rows import Row, Source, Stamp
from store.sink import RawColumn


class _Printer:
    def put(self, at: Stamp, row: Row) -> int:
        line = {"type": type(row).__name__, "ts": at.ts, "err_us": at.err_us, **asdict(row)}
        os.write(1, orjson.dumps(line) + b"\n")
        return 0

    def intern(self, text: str) -> int:
        raise NotImplementedError(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        raise NotImplementedError(table)


def main() -> None:
    source = GpuSource(float(sys.argv[1]))
    try:
        source.start(Target(root_pid=os.getpid(), folder="/"), _Printer())
        sys.stdin.read()
    except PtbError as error:
        os.write(1, orjson.dumps({"type": type(error).__name__, "reason": str(error)}) + b"\n")
    source.stop()
    source.stop()
    os.write(1, orjson.dumps({"type": "info", "gpu_name": source.gpu_name, **asdict(source.info)}) + b"\n")


if __name__ == "__main__":
    main()
