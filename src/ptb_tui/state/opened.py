"""A run that is open in the app: its events, what the manifest says, findings, marks, and the way to add one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_tui.cli.reviewer import user_name
from ptb_tui.state import acts
from ptb_tui.state.citing import cite_event
from ptb_tui.state.flags import Flag, Flags
from store.cursor import Cursor
from store.damage import damaged_segments
from store.event import Event
from store.findings import Severity
from store.manifest import Manifest, Segment, SourceInfo
from store.manifest_file import read_manifest
from store.marks import Mark, read_marks
from store.overlay import Problem, Review

if TYPE_CHECKING:  # a run is painted before what lies beside it is read
    from review.reviewed import Reviewed

_WITNESSES = frozenset(("kernel", "gpu", "transcript", "workspace"))
"""Names of sources that see the run itself; others only check these."""


@dataclass(slots=True)
class OpenRun:
    """One run, readable until :meth:`close`."""

    folder: Path
    manifest: Manifest
    cursor: Cursor
    damaged: tuple[Segment, ...] = ()
    """Sealed files that were missing or cut when the manifest was read."""
    reviewed: "Reviewed | None" = None
    """Everything beside the run; None until :meth:`read_review`."""
    marks: tuple[Mark, ...] = ()
    flags: Flags = field(default_factory=Flags)
    """What the findings come to; empty until :meth:`read_review`."""

    @classmethod
    def open(cls, folder: Path) -> "OpenRun":
        """Open the run in ``folder``; raises :class:`store.errors.PtbError` with the reason when it cannot be."""
        manifest = read_manifest(folder)
        return cls(folder, manifest, Cursor.open(folder), damaged_segments(folder, manifest))

    def close(self) -> None:
        """Let the files go."""
        self.cursor.close()

    @property
    def live(self) -> bool:
        """Whether it is being recorded."""
        return self.cursor.live

    def reread(self) -> None:
        """Look at the manifest again."""
        self.manifest = read_manifest(self.folder)
        self.damaged = damaged_segments(self.folder, self.manifest)

    def read_review(self) -> "Reviewed":
        """Read marks and findings."""
        from review.reviewed import read_reviewed

        self.reviewed = read_reviewed(self.folder, self.manifest, reader=user_name())
        self.marks = self.reviewed.marks
        flags: list[Flag] = []
        for standing in self.reviewed.standing:
            finding = standing.finding
            for evidence in finding.evidence:
                position = self.cursor.position_of(evidence.seq)
                if position is not None:
                    flags.append(
                        Flag(
                            evidence.seq,
                            position,
                            finding.finding_id,
                            standing.state,
                            standing.severity or Severity.NOTE,
                            finding.rule,
                            finding.title,
                            finding.explanation,
                            finding.reach.value,
                            finding.lineage,
                            tuple((one.seq, one.kind, one.text) for one in finding.evidence),
                        )
                    )
        self.flags = Flags(flags)
        return self.reviewed

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Review files that could not be read."""
        return self.reviewed.problems if self.reviewed else ()

    def mark(self, event: Event, text: str) -> Path | None:
        """Keep a bookmark, or a comment where there is ``text``; returns the file it went to.

        None where this reviewer has said the same of the event already.
        """
        path = acts.mark(self.review, self.marks, event.seq, event.ts, text)
        self.marks = tuple(read_marks(self.review)[0])
        return path

    def take_back(self, event: Event) -> int:
        """Take back this reviewer's marks and comments on an event; how many there were."""
        count = acts.take_back(self.review, self.marks, event.seq, event.ts)
        self.marks = tuple(read_marks(self.review)[0])
        return count

    def marks_on(self, seq: int) -> list[Mark]:
        """The marks on one event."""
        return [mark for mark in self.marks if mark.seq == seq]

    def citation(self, event: Event, start: int) -> str:
        """Quote, time, seq and the command that opens the run at this event."""
        return cite_event(event, self.manifest, start)

    def missing(self) -> list[str]:
        """Witnesses that this run did not have."""
        return absent(self.manifest)

    def partial(self) -> int:
        """How many of the witnesses that it had could not see everything."""
        return sum(is_partial(source) for source in self.manifest.sources)

    @property
    def review(self) -> Review:
        """Where the review records are."""
        return Review(self.folder, self.manifest.run_id)


def absent(manifest: Manifest) -> list[str]:
    """Witnesses of which no backend worked, each once."""
    had = {source.name for source in manifest.sources if source.state != "unavailable"}
    return list(dict.fromkeys(source.name for source in manifest.sources if source.name not in had))


def is_partial(source: SourceInfo) -> bool:
    """Whether a witness was there and could not see everything."""
    return source.name in _WITNESSES and source.state != "unavailable" and source.reason is not None
