"""What fanotify does beside the kernel witness of one recording, and the sink through which it hears that witness."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recorder.fanotify.gate import Gate
from recorder.fanotify.lives import Lives
from recorder.source import Target
from store.manifest import SourceInfo
from store.rows import Row, Source, Stamp
from store.sink import RawColumn, Sink


@dataclass(frozen=True, slots=True)
class Paths:
    """What a recording asks of fanotify."""

    deny: tuple[Path, ...] = ()
    """Nobody but the recorder opens these, nor what is below them."""


class Beside:
    """The gate, from before the run exists until all other witnesses have ended."""

    def __init__(self, paths: Paths) -> None:
        self._lives = Lives()
        self._gate = Gate(paths.deny, self._lives) if paths.deny else None

    def __enter__(self) -> Self:
        """Shut the gate; raises :class:`store.errors.Unavailable`: what is to be denied must not be left open."""
        if self._gate:
            self._gate.shut()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def infos(self) -> list[SourceInfo]:
        """For the manifest."""
        return [self._gate.info] if self._gate else []

    def hearing(self, sink: Sink) -> Sink:
        """A sink for the kernel witness that hands on to ``sink``."""
        return _Hearing(sink, self._lives)

    def start(self, target: Target, sink: Sink) -> None:
        """Begin to write rows."""
        if self._gate:
            self._gate.start(target, sink)

    def stop(self) -> None:
        """Open the gate and write what is held; after the kernel witness, safe to call twice."""
        if self._gate:
            self._gate.stop()


class _Hearing:
    """Passes rows on and learns whose pid is whose."""

    def __init__(self, sink: Sink, lives: Lives) -> None:
        self._sink = sink
        self._lives = lives

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row."""
        self._lives.note(at, row)
        return self._sink.put(at, row)

    def intern(self, text: str) -> int:
        """As the sink behind it."""
        return self._sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once."""
        self._sink.put_columns(table, source, ts, columns)
