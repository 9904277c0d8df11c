"""The reader's hand on a run: events in the order of time, seek, search, zoom, and the row behind an event.

Opening a closed run that was indexed before reads a manifest and maps one file: nothing heavy is imported, so the
app paints first. Building an index, following a run that is being recorded, and :meth:`Cursor.detail` import
pyarrow and numpy when they are first needed.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from store.errors import Damaged, PtbError
from store.event import Event
from store.index.cache import closed_key, find, in_memory, keep, kept
from store.index.gpu import Curve, DeviceView
from store.index.lanes import ZoomView
from store.index.query import Query
from store.index.stretches import GapStretch, Stretch
from store.index.timeline import Timeline
from store.manifest import Manifest
from store.manifest_file import read_manifest

if TYPE_CHECKING:
    from store.index.block import Block
    from store.index.detail import Detail, Details
    from store.index.growing import Growing
    from store.snapshot import Snapshot

__all__ = [
    "Cursor",
    "Curve",
    "DeviceView",
    "GapStretch",
    "Query",
    "Stretch",
    "ZoomView",
    "build_index",
    "index_ahead",
]


class Cursor:
    """Every recorded row of a run as an :class:`Event`, in the order of ``(ts, seq)``.

    A row without a clock stands where it arrived: at the last time that its witness knew. Reading is safe from
    several threads; a :meth:`refresh` in one of them changes positions for all.
    """

    def __init__(self, folder: Path, timeline: Timeline, growing: "Growing | None") -> None:
        """Use :meth:`open`."""
        self.folder = folder
        self._timeline = timeline
        self._growing = growing
        self._details: Details | None = None
        self._snapshot: Snapshot | None = growing.snapshot if growing else None
        self._changing = Lock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The run in ``folder``, indexed first if need be (seconds for ten million rows).

        Raises :class:`BadInput`, :class:`NewerSchema` or :class:`Damaged`.
        """
        manifest = read_manifest(folder)
        if manifest.recording_hash is None:
            return cls._open_growing(folder)
        block = find(closed_key(manifest)) if _whole(folder, manifest) else None
        return cls(folder, Timeline([build_index(folder) if block is None else block]), None)

    @classmethod
    def _open_growing(cls, folder: Path) -> Self:
        from store.index.growing import Growing
        from store.snapshot import Snapshot

        snapshot = Snapshot.open(folder)
        if snapshot.manifest.recording_hash is not None:  # it was recovered just now
            snapshot.close()
            return cls.open(folder)
        growing = Growing(snapshot)
        return cls(folder, Timeline(growing.blocks), growing)

    def __len__(self) -> int:
        return len(self._timeline)

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and last time, nanoseconds since the epoch; None for a run without a clock."""
        return self._timeline.span

    @property
    def clocked(self) -> bool:
        """Whether any row has a time; where none has, :meth:`zoom` takes positions."""
        return self.span is not None

    @property
    def live(self) -> bool:
        """Whether the run was still being recorded at the last :meth:`refresh`."""
        return self._growing is not None and self._growing.snapshot.live

    def window(self, position: int, count: int) -> list[Event]:
        """At most ``count`` events from ``position`` on."""
        return self._timeline.window(position, count)

    def seek(self, ts: int) -> int:
        """The position of the first event at ``ts`` or later; ``len(cursor)`` when there is none."""
        return self._timeline.before(ts)

    def position_of(self, seq: int) -> int | None:
        """The position of the row ``seq``; None when there is no such row."""
        return self._timeline.position_of(seq)

    def next_match(self, query: Query, position: int) -> int | None:
        """The position of the first event after ``position`` that satisfies ``query``; -1 is before the first."""
        return self._timeline.next_match(query, position + 1)

    def previous_match(self, query: Query, position: int) -> int | None:
        """The position of the last event before ``position`` that satisfies ``query``."""
        return self._timeline.previous_match(query, position)

    def count_matches(self, query: Query) -> int:
        """How many events satisfy ``query``, exactly."""
        return self._timeline.count_matches(query)

    def zoom(self, start: int, end: int, buckets: int) -> ZoomView:
        """Counts by lane in ``buckets`` equal stretches of ``[start, end]``, exact.

        ``start`` and ``end`` are times, or positions where the run has no clock.
        """
        return self._timeline.zoom(start, end, buckets)

    def gpu(self, start: int, end: int, buckets: int) -> list[DeviceView]:
        """Mean and maximum of each device's metrics in equal stretches of the times ``[start, end]``.

        Empty when no GPU was sampled; None in a stretch that no sample falls into.
        """
        return self._timeline.gpu(start, end, buckets)

    def gaps(self, start: int, end: int) -> list[GapStretch]:
        """What was not seen or lost within the times ``[start, end]``, and every gap without a time."""
        return self._timeline.gaps(start, end)

    def idle(self, threshold_s: float) -> list[Stretch]:
        """Pauses of ``threshold_s`` (one second at least) or more in which only GPU samples were recorded."""
        return self._timeline.idle(int(threshold_s * 1e9))

    def detail(self, seq: int) -> "Detail | None":
        """The whole row ``seq``; None when there is no such row.

        Raises :class:`Damaged` when it was recorded and cannot be read any more.
        """
        position = self.position_of(seq)
        if position is None:
            return None
        kind = self.window(position, 1)[0].kind
        while True:
            details = self._newest_details()
            try:
                return details.of(seq, kind)
            except Damaged:
                if details is self._details:
                    raise  # else a refresh let go of its files, which the writer may have merged meanwhile

    def refresh(self) -> bool:
        """Take in what was recorded since; whether there was anything. Never anything in a closed run."""
        if self._growing is None or not self._growing.advance():
            return False
        with self._changing:
            self._snapshot, self._details = self._growing.snapshot, None
        self._timeline = self._timeline.grown(self._growing.blocks)
        return True

    def close(self) -> None:
        """Let go of the run's files."""
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    def _newest_details(self) -> "Details":
        from store.index.detail import Details
        from store.snapshot import Snapshot

        with self._changing:
            if self._snapshot is None:
                self._snapshot = Snapshot.open(self.folder)
            if self._details is None:
                strings = self._growing.strings if self._growing else self._snapshot.strings()
                self._details = Details(self._snapshot, strings)
            return self._details

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_index(folder: Path) -> "Block":
    """Index a closed run and keep the index in the user's cache.

    Nothing is kept of a run whose segments are damaged. Raises what :meth:`Snapshot.open` raises.
    """
    from store.snapshot import Snapshot

    with Snapshot.open(folder) as snapshot:
        build = partial(_write_index, snapshot)
        return in_memory(build) if snapshot.damaged else keep(closed_key(snapshot.manifest), build)


def index_ahead(folder: Path) -> None:
    """Index a run that was just closed, so that the first look at it does not wait; a failure is left to that look."""
    from store.snapshot import Snapshot

    with suppress(PtbError, OSError), Snapshot.open(folder) as snapshot:
        if not snapshot.damaged:
            kept(closed_key(snapshot.manifest), partial(_write_index, snapshot))


def _write_index(snapshot: "Snapshot", out: BinaryIO, scratch: BinaryIO) -> None:
    from store.index.build import build
    from store.index.portion import portions

    build(snapshot.strings(), portions(snapshot), out, scratch)


def _whole(folder: Path, manifest: Manifest) -> bool:
    """Whether every sealed file is there and as long as it should be."""
    try:
        return all((folder / one.file).stat().st_size == one.size for one in manifest.segments)
    except OSError:
        return False
