"""A run that is open in the app: its events, what the manifest says, findings, marks, and the way to add one."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from ptb_tui.cli.reviewer import user_name
from ptb_tui.state.draft import Draft
from ptb_tui.state.flags import Flag, Flags
from ptb_tui.state.times import elapsed, utc
from ptb_tui.state.wording import citation
from store.cursor import Cursor
from store.damage import damaged_segments
from store.event import Event
from store.findings import Decision, FindingState, Severity, add_decision, read_findings
from store.ids import slug
from store.manifest import Manifest, Segment, SourceInfo
from store.manifest_file import read_manifest
from store.marks import Mark, add_mark, read_marks
from store.overlay import Problem, Review
from store.plain import plain
from store.verdicts import ReviewerKind, Verdict, add_verdict

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
    problems: tuple[Problem, ...] = ()
    """Review files that could not be read."""
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

    def read_review(self) -> None:
        """Read marks and findings."""
        findings, problems = read_findings(self._review)
        marks, mark_problems = read_marks(self._review)
        self.problems = (*problems, *mark_problems)
        self.marks = tuple(marks)
        flags: list[Flag] = []
        for standing in findings:
            if standing.state is FindingState.REJECTED:
                continue
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

    def mark(self, event: Event, text: str) -> Path | None:
        """Keep a bookmark, or a comment where there is ``text``; returns the file it went to.

        None where this reviewer has said the same of the event already.
        """
        if any(mark.text == text for mark in self._own_marks(event)):
            return None
        mark = Mark(self.manifest.run_id, event.ts, event.seq, user_name(), text, time.time_ns())
        path = add_mark(self._review, mark)
        self.marks = (*self.marks, mark)
        return path

    def take_back(self, event: Event) -> int:
        """Take back this reviewer's marks and comments on an event; how many there were."""
        own = self._own_marks(event)
        if own:
            word = Mark(
                self.manifest.run_id, event.ts, event.seq, user_name(), "", time.time_ns(), taken_back=True
            )
            add_mark(self._review, word)
            self.marks = tuple(mark for mark in self.marks if mark not in own)
        return len(own)

    def _own_marks(self, event: Event) -> list[Mark]:
        return [mark for mark in self.marks_on(event.seq) if mark.reviewer == user_name()]

    def decide(self, flag: Flag, state: FindingState, reason: str) -> Path:
        """Keep what the reviewer says of the finding behind a flag; returns the file it went to."""
        decision = Decision(self.manifest.run_id, flag.finding_id, time.time_ns(), user_name(), state, reason)
        return add_decision(self._review, decision)

    def judge(self, draft: Draft) -> Path:
        """Keep a verdict on the run, resting on the marked events; returns the file it went to."""
        now, reviewer = time.time_ns(), user_name()
        verdict = Verdict(
            run_id=self.manifest.run_id,
            verdict_id=f"{slug(reviewer)}-{now}",
            ts=now,
            reviewer=reviewer,
            reviewer_kind=ReviewerKind.HUMAN,
            **draft.answers,
            score_action=draft.score_action,
            rationale=draft.rationale,
            evidence=self.marked(),
            recording_hash=self.manifest.recording_hash,
        )
        return add_verdict(self._review, verdict)

    def marked(self) -> tuple[int, ...]:
        """Seqs of the events that reviewers marked."""
        return tuple(sorted({mark.seq for mark in self.marks if mark.seq is not None}))

    def marks_on(self, seq: int) -> list[Mark]:
        """The marks on one event."""
        return [mark for mark in self.marks if mark.seq == seq]

    def citation(self, event: Event, start: int) -> str:
        """Quote, time, seq and the command that opens the run at this event."""
        when = "no clock" if event.ts is None else f"T+{elapsed(event.ts - start)}, {utc(event.ts)}"
        pinned = f", recording {self.manifest.recording_hash[:12]}" if self.manifest.recording_hash else ""
        run_id = plain(self.manifest.run_id)
        return (
            f"“{citation(event)}” ({when}, event #{event.seq} of {run_id}{pinned}) · "
            f"ptb open {run_id} --seq {event.seq}"
        )

    def missing(self) -> list[str]:
        """Witnesses that this run did not have."""
        return absent(self.manifest)

    def partial(self) -> int:
        """How many of the witnesses that it had could not see everything."""
        return sum(is_partial(source) for source in self.manifest.sources)

    @property
    def _review(self) -> Review:
        return Review(self.folder, self.manifest.run_id)


def absent(manifest: Manifest) -> list[str]:
    """Witnesses of which no backend worked, each once."""
    had = {source.name for source in manifest.sources if source.state != "unavailable"}
    return list(dict.fromkeys(source.name for source in manifest.sources if source.name not in had))


def is_partial(source: SourceInfo) -> bool:
    """Whether a witness was there and could not see everything."""
    return source.name in _WITNESSES and source.state != "unavailable" and source.reason is not None
