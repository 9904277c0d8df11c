"""One results folder becomes one run."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from recorder.importer.files import portions, read_whole, size_of
from recorder.importer.judges import Judgement, read_judgements
from recorder.importer.monitor import read_monitor
from recorder.importer.results import FINAL_MODEL, MONITOR, RECORDS, TASK, TRACES, Results, judgement_files
from recorder.importer.workspace import LeftFiles
from recorder.redact import Redactor
from recorder.transcript import Scaffold, Summary, Transcript
from recorder.transcript.decode import decode_object, number
from store.cursor import index_ahead
from store.manifest import Facts, SourceInfo
from store.manifest_file import read_manifest
from store.overlay import Review
from store.readable import readable
from store.rows import FileVersion, Gap, GpuSample, Message, Quality, Row, Source, Stamp
from store.verdicts import ReviewerKind, Verdict, add_verdict
from store.writer import RunWriter

STAGING = ".importing"
"""Folder beside the runs in which a run is written before it appears among them."""
AGENT_FOLDER = "/home/ben/task"
"""Where PostTrainBench's sandbox shows ``task/`` (``src/run_task.sh``)."""
_SMALL = 1 << 20
_TIME_TAKEN = re.compile(r"(\d{1,4}):(\d\d):(\d\d)")
_STATUS = re.compile(r"^status: (.{1,200})$", re.MULTILINE)
_GPU_NAME = re.compile(r" {2}GPU 0: (.{1,80}) \(\d")
_PREAMBLE = 100
"""Rows of a transcript among which PostTrainBench's check of the GPU stands."""


class Fate(StrEnum):
    """What became of a results folder."""

    IMPORTED = "imported"
    KNOWN = "known"
    """It was imported before."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The import of one results folder."""

    source: str
    fate: Fate
    run_id: str | None = None
    reason: str | None = None
    """Why it failed."""
    case_id: str | None = None
    job: str | None = None
    agent: str | None = None
    rows: int = 0
    commands: int = 0
    gaps: int = 0
    judgements: int = 0


def import_results(results: Results, into: Path) -> Outcome:
    """Write the run of a results folder under ``into``, or find it there.

    Raises :class:`store.errors.PtbError` or :class:`OSError` when that is not possible.
    """
    run_id = results.run_id()
    job = results.cell.job if results.cell else None
    outcome = Outcome(str(results.folder), Fate.KNOWN, run_id, case_id=results.case_id, job=job)
    home = into / run_id
    if home.exists():
        return replace(outcome, agent=read_manifest(home).facts.agent)
    staged = into / STAGING / f"{run_id}.{os.getpid()}"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        written = _Import(results, run_id, staged).write()
        staged.rename(home)
        index_ahead(home)
    except OSError:
        if home.exists():  # the same content, imported beside us
            return outcome
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return replace(written, case_id=results.case_id, job=job)


class _Import:
    def __init__(self, results: Results, run_id: str, folder: Path) -> None:
        self._results = results
        self._run_id = run_id
        self._folder = folder
        self._redactor = Redactor()
        self._gaps = 0
        self._gpu_name: str | None = None
        self._samples = 0
        self._versions = 0

    def write(self) -> Outcome:
        trace = self._trace()
        started_at = None if trace is None else first_time(self._results.folder / trace)
        with RunWriter.create(self._folder, self._run_id, started_at=started_at) as writer:
            summary = self._transcript(writer, trace)
            taken = self._time_taken()
            ended_at = _end(started_at, taken, summary.last_ts)
            at = Stamp(ended_at, Quality.INTERPOLATED if ended_at else Quality.NONE, Source.WORKSPACE)
            self._monitor(writer)
            self._files(writer, summary.cwd or AGENT_FOLDER, at)
            judgements = self._judge_gaps(writer, at)
            self._missing(writer, at)
            facts = self._facts(summary)
            writer.update_facts(facts)
            writer.set_sources(self._sources(summary, trace))
            rows = writer.next_seq
            writer.close(ended_at=ended_at, exit_status=self._exit_status())
        self._keep_judgements(judgements, ended_at)
        return Outcome(
            str(self._results.folder),
            Fate.IMPORTED,
            self._run_id,
            agent=facts.agent,
            rows=rows,
            commands=summary.commands,
            gaps=self._gaps,
            judgements=len(judgements),
        )

    def _trace(self) -> str | None:
        """The best trace with content, else one without."""
        folder = self._results.folder
        whole = [name for name in self._results.traces if size_of(folder / name)]
        return next(iter(whole or self._results.traces), None)

    def _transcript(self, writer: RunWriter, trace: str | None) -> Summary:
        transcript = Transcript(self._redactor.redact)
        nowhere = Stamp(None, Quality.NONE, Source.TRANSCRIPT)
        if trace is None:
            reason = f"the results hold no transcript: no {', '.join(TRACES)}"
            self._put(writer, nowhere, Gap("unavailable", reason))
            return transcript.summary
        for count, (stamp, row) in enumerate(_rows(transcript, self._results.folder / trace)):
            self._put(writer, stamp, row)
            if count < _PREAMBLE and isinstance(row, Message) and row.kind == "raw":
                found = _GPU_NAME.match(row.text or "")
                self._gpu_name = self._gpu_name or (found[1] if found else None)
        if transcript.summary.lines == 0:
            self._put(writer, nowhere, Gap("unavailable", f"{trace} is empty"))
        return transcript.summary

    def _monitor(self, writer: RunWriter) -> None:
        path = self._results.folder / MONITOR
        if size_of(path) is None:
            return
        for stamp, row in read_monitor(portions(path)):
            self._samples += isinstance(row, GpuSample)
            self._put(writer, stamp, row)

    def _files(self, writer: RunWriter, root: str, at: Stamp) -> None:
        """The agent's files under the path that the agent knew, the harness's under their own name."""
        files, folder = LeftFiles(writer, self._redactor), self._results.folder
        rows: list[Iterable[Row]] = [files.texts(folder / TASK, root)]
        if not (folder / TASK / FINAL_MODEL).is_dir():
            rows.append(files.listing(folder / FINAL_MODEL, f"{root}/{FINAL_MODEL}"))
        for row in (row for group in rows for row in group):
            self._versions += isinstance(row, FileVersion)
            self._put(writer, at, row)
        harness = replace(at, source=Source.RECORDER)
        for name in (*RECORDS, MONITOR, *judgement_files(folder)):
            if size_of(folder / name) is not None:
                self._put(writer, harness, files.text(folder / name, name))

    def _judge_gaps(self, writer: RunWriter, at: Stamp) -> list[Judgement]:
        judgements = read_judgements(self._results.folder)
        stamp = replace(at, source=Source.RECORDER)
        for judgement in judgements:
            if judgement.crashed is not None:
                reason = f"the judge {judgement.judge} gave no answer: {judgement.crashed}"
                self._put(writer, stamp, Gap("crashed", self._redactor.redact(reason).text))
        if not judgements:
            self._put(writer, stamp, Gap("missing", "the results hold no judgement"))
        return judgements

    def _missing(self, writer: RunWriter, at: Stamp) -> None:
        """What an import cannot know, said once."""
        folder = self._results.folder
        absent = [
            name
            for name in ("prompt.txt", "time_taken.txt", "metrics.json", MONITOR)
            if size_of(folder / name) is None
        ]
        absent += [f"{name}/" for name in (TASK, FINAL_MODEL) if not _real_folder(folder / name)]
        if absent:
            reason = f"not in the results: {', '.join(absent)}"
            self._put(writer, replace(at, source=Source.RECORDER), Gap("missing", reason))
        reason = "an import: processes, file accesses and connections were never recorded"
        self._put(writer, replace(at, source=Source.KERNEL), Gap("unavailable", reason))

    def _facts(self, summary: Summary) -> Facts:
        method, cell = self._results.method, self._results.cell
        scaffold = summary.scaffold or _scaffold(method.agent)
        return Facts(
            agent=str(scaffold) if scaffold else method.agent,
            agent_model=summary.model or method.agent_model,
            benchmark=cell.benchmark if cell else None,
            base_model=cell.base_model if cell else None,
            method=method.name,
            case_id=self._results.case_id,
            replicate=method.replicate,
            job=cell.job if cell else None,
            limit_s=method.limit_s,
            gpu_name=self._gpu_name,
            reported_score=self._reported_score(),
            source_path=str(self._results.folder),
            root=summary.cwd or AGENT_FOLDER,
        )

    def _sources(self, summary: Summary, trace: str | None) -> list[SourceInfo]:
        backend = str(summary.scaffold or "import")
        told = summary.lines > 0
        why = f"read from {trace}" if told else "the results hold no transcript"
        sources = [SourceInfo("transcript", backend, "ended" if told else "unavailable", why)]
        if self._samples:
            sources.append(SourceInfo("gpu", "import", "ended", f"samples once a minute, from {MONITOR}"))
        if self._versions:
            sources.append(SourceInfo("workspace", "import", "ended", f"files as {TASK}/ was left"))
        return sources

    def _reported_score(self) -> float | None:
        data = read_whole(self._results.folder / "metrics.json", _SMALL)
        return number(decode_object(data or b"") or {}, "accuracy")

    def _time_taken(self) -> int | None:
        """Nanoseconds in ``time_taken.txt``."""
        data = read_whole(self._results.folder / "time_taken.txt", _SMALL)
        match = _TIME_TAKEN.fullmatch(readable(data or b"").strip())
        if match is None:
            return None
        return (int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])) * 1_000_000_000

    def _exit_status(self) -> str | None:
        """What the harness printed about the agent's end."""
        data = read_whole(self._results.folder / "output.log", 16 * _SMALL)
        match = _STATUS.search(readable(data or b"").partition("--- SOLVE DIAGNOSTICS ---")[2])
        return self._redactor.redact(match[1]).text if match else None

    def _keep_judgements(self, judgements: list[Judgement], ended_at: int | None) -> None:
        review = Review(self._folder, self._run_id)
        pinned = read_manifest(self._folder).recording_hash
        for judgement in judgements:
            rationale = f"no answer: {judgement.crashed}" if judgement.crashed else judgement.rationale
            add_verdict(
                review,
                Verdict(
                    run_id=self._run_id,
                    verdict_id=f"imported-{judgement.judge}",
                    ts=ended_at or judgement.left_at,
                    reviewer=judgement.judge,
                    reviewer_kind=ReviewerKind.IMPORTED,
                    data=judgement.data,
                    model=judgement.model,
                    api=judgement.api,
                    rationale=self._redactor.redact(rationale).text,
                    recording_hash=pinned,
                ),
            )

    def _put(self, writer: RunWriter, stamp: Stamp, row: Row) -> None:
        self._gaps += isinstance(row, Gap)
        writer.put(stamp, row)


def first_time(trace: Path) -> int | None:
    """The first time that a transcript tells, nanoseconds; None for one without a clock."""
    for stamp, _ in _rows(Transcript(), trace):
        if stamp.ts is not None:
            return stamp.ts
    return None


def _rows(transcript: Transcript, trace: Path) -> Iterator[tuple[Stamp, Row]]:
    for portion in portions(trace):
        yield from transcript.feed(portion)
    yield from transcript.finish()


def _end(started_at: int | None, taken: int | None, last_ts: int | None) -> int | None:
    """When the agent's time ended, as late as either clock says."""
    measured = started_at + taken if started_at is not None and taken is not None else None
    return max((ts for ts in (measured, last_ts) if ts is not None), default=None)


def _scaffold(agent: str | None) -> Scaffold | None:
    return next((one for one in Scaffold if agent is not None and agent.startswith(one)), None)


def _real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
