"""What fanotify does beside the kernel witness of one recording, and the sink through which it hears that witness."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recorder.fanotify.evidence import Evidence
from recorder.fanotify.gate import Gate
from recorder.fanotify.lives import Lives
from recorder.fanotify.watch import Watch
from recorder.source import Target
from store.errors import Unavailable
from store.manifest import SourceInfo
from store.rows import FileAccess, Gap, Quality, Row, Source, Stamp
from store.sink import RawColumn, Sink


@dataclass(frozen=True, slots=True)
class Paths:
    """What a recording asks of fanotify."""

    watch: tuple[Path, ...] = ()
    """Opens, reads and changes of these, and of what is below them, are compared with the kernel witness's rows."""
    mounts: bool = False
    """Opens on every mount of the container are compared, too."""
    deny: tuple[Path, ...] = ()
    """Nobody but the recorder opens these, nor what is below them."""


class Beside:
    """The second witness and the gate: from before the run exists until all other witnesses have ended."""

    def __init__(self, paths: Paths) -> None:
        self._lives = Lives()
        self._paths = paths
        self._gate = Gate(paths.deny, self._lives) if paths.deny else None
        self._watch: Watch | None = None
        self._unwatched: SourceInfo | None = None
        """Why there is no second witness though one was asked for."""

    def __enter__(self) -> Self:
        """Shut the gate; raises :class:`store.errors.Unavailable`: what is to be denied must not be left open."""
        if self._gate:
            self._gate.shut()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_eyes()
        self.stop()

    @property
    def infos(self) -> list[SourceInfo]:
        """For the manifest."""
        infos = [source.info for source in (self._watch, self._gate) if source]
        return [self._unwatched, *infos] if self._unwatched else infos

    def hearing(self, sink: Sink) -> Sink:
        """A sink for the kernel witness that hands on to ``sink``."""
        return _Hearing(sink, self._lives, lambda: self._watch.evidence if self._watch else None)

    def start(
        self, target: Target, sink: Sink, skip: Sequence[str], *, kernel: bool, transfers: bool
    ) -> None:
        """Begin to write rows; a second witness that cannot look is a gap.

        ``skip``: folders in the command's own that are not its work; ``kernel``: there is a witness to compare with;
        ``transfers``: it counts bytes.
        """
        if self._gate:
            self._gate.start(target, sink)
        if not kernel:
            if self._paths.watch or self._paths.mounts:
                reason = "the kernel witness does not work, or has nothing left to watch"
                self._unwatched = SourceInfo("crosscheck", "fanotify", "unavailable", reason)
                self._tell_absence(sink, reason)
            return
        paths = self._paths
        self._watch = Watch(paths.watch, skip, self._lives, mounts=paths.mounts, transfers=transfers)
        try:
            self._watch.start(target, sink)
        except Unavailable as error:
            self._tell_absence(sink, str(error))

    def close_eyes(self) -> None:
        """See no more; before the kernel witness stops."""
        if self._watch:
            self._watch.close_eyes()

    def stop(self) -> None:
        """Compare what is left and open the gate; after the kernel witness has stopped, safe to call twice."""
        for source in (self._watch, self._gate):
            if source:
                source.stop()

    def _tell_absence(self, sink: Sink, reason: str) -> None:
        now = time.time_ns()
        gap = Gap("unavailable", f"no second witness: {reason}", start_ts=now)
        sink.put(Stamp(now, Quality.ARRIVAL, Source.RECORDER), gap)


class _Hearing:
    """Passes rows on and learns from them."""

    def __init__(self, sink: Sink, lives: Lives, evidence: Callable[[], Evidence | None]) -> None:
        self._sink = sink
        self._lives = lives
        self._evidence = evidence

    def put(self, at: Stamp, row: Row) -> int:
        """Append one row."""
        self._lives.note(at, row)
        if evidence := self._evidence():
            evidence.note(at, row)
        return self._sink.put(at, row)

    def intern(self, text: str) -> int:
        """As the sink behind it."""
        return self._sink.intern(text)

    def put_columns(
        self, table: type[Row], source: Source, ts: NDArray[np.int64], columns: Mapping[str, RawColumn]
    ) -> None:
        """Append many rows of one table at once."""
        if table is FileAccess and (evidence := self._evidence()):
            evidence.add(ts, columns)
        self._sink.put_columns(table, source, ts, columns)
