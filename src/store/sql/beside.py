"""What lies beside the recordings, as Arrow tables for the views: manifests, review records, and constants."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypeVar

import pyarrow as pa

from store.event import FILE_KINDS, MESSAGE_KINDS
from store.findings import read_findings, read_scans
from store.helpers import helpers
from store.manifest import State
from store.marks import read_marks
from store.overlay import Problem, Review
from store.scores import read_scores
from store.sql.recorded import NumberedRun
from store.verdicts import read_verdicts
from store.weight_checks import read_weight_checks

_NO = ("run_no", pa.int64())
_RUN = ("run_id", pa.string())
_TS = ("ts", pa.timestamp("us"))
_SEQS = pa.list_(pa.int64())
_FINDING_FIELDS = (
    "finding_id",
    "rule",
    "rule_version",
    "origin",
    "reach",
    "title",
    "explanation",
    "author",
    "intent",
    "certainty",
)
_VERDICT_FIELDS = (
    "verdict_id",
    "reviewer",
    "reviewer_kind",
    "data",
    "model",
    "api",
    "tampering",
    "limits",
    "template",
    "score_action",
    "rationale",
    "recording_hash",
    "profile",
)
_WEIGHT_CHECK_FIELDS = ("answer", "reason", "alpha", "cosine", "identical_tensors", "rank_share")
_SCORE_FIELDS = (
    "attempt_id",
    "benchmark",
    "metric",
    "value",
    "stderr",
    "samples",
    "limit_n",
    "engine",
    "engine_version",
    "seed",
    "temperature",
    "top_p",
    "sampling",
    "token_limit",
    "model_hash",
    "harness_hash",
    "isolation",
    "device",
    "reason",
)
T = TypeVar("T")


def _schema(*columns: tuple[str, pa.DataType], text: str = "") -> pa.Schema:
    return pa.schema([*columns, *((name, pa.string()) for name in text.split())])


SCHEMAS: dict[str, pa.Schema] = {
    "manifests": _schema(
        _NO,
        _RUN,
        ("started_at", pa.timestamp("us")),
        ("ended_at", pa.timestamp("us")),
        ("limit_s", pa.float64()),
        ("reported_score", pa.float64()),
        ("sources", pa.list_(pa.string())),
        ("complete", pa.bool_()),
        text="case_id method agent agent_model benchmark base_model replicate job exit_status image gpu_name"
        " superseded_by source_path state command root recording_hash",
    ),
    "scanned": _schema(_NO),
    "findings": _schema(
        _NO,
        _RUN,
        _TS,
        ("evidence", _SEQS),
        ("sample_rows", pa.int64()),
        ("distinct_items", pa.int64()),
        ("repetitions", pa.int64()),
        ("lineage", pa.list_(pa.string())),
        text="finding_id rule rule_version origin state reach title explanation profile severity certainty author intent",
    ),
    "finding_rows": _schema(_NO, ("seq", pa.int64()), text="state severity"),
    "marks": _schema(
        _NO, _RUN, _TS, ("seq", pa.int64()), ("made_at", pa.timestamp("us")), text="reviewer text"
    ),
    "verdicts": _schema(
        _NO,
        _RUN,
        _TS,
        ("evidence", _SEQS),
        ("stale", pa.bool_()),
        text="verdict_id reviewer reviewer_kind data model api tampering limits template score_action rationale"
        " recording_hash profile",
    ),
    "weight_checks": _schema(
        _RUN,
        _TS,
        ("alpha", pa.float64()),
        ("cosine", pa.float64()),
        ("identical_tensors", pa.int64()),
        ("rank_share", pa.float64()),
        text="answer reason",
    ),
    "scores": _schema(
        _NO,
        _RUN,
        _TS,
        ("ended_at", pa.timestamp("us")),
        ("counts", pa.bool_()),
        ("top_p", pa.float64()),
        ("value", pa.float64()),
        ("stderr", pa.float64()),
        ("samples", pa.int64()),
        ("limit_n", pa.int64()),
        ("seed", pa.int64()),
        ("temperature", pa.float64()),
        ("token_limit", pa.int64()),
        text="attempt_id benchmark metric engine engine_version model_hash harness_hash status isolation device reason"
        " sampling",
    ),
    "op_kinds": _schema(text="op kind"),
    "word_kinds": _schema(text="word kind"),
    "helper_patterns": _schema(text="helper_pattern"),
}
"""Tables beside the recordings, by name."""


class Beside:
    """Reads what lies beside a set of runs, each table when it is asked for."""

    def __init__(self, runs: Sequence[NumberedRun]) -> None:
        self._runs = runs
        self.problems: list[Problem] = []
        """Review files that could not be used so far."""

    def table(self, name: str) -> pa.Table:
        """The table ``name`` of :data:`SCHEMAS`."""
        rows: Iterable[dict[str, object]]
        match name:
            case "manifests":
                rows = [_manifest(run) for run in self._runs]
            case "scanned":
                rows = [{"run_no": run.number} for run in self._runs if self._told(read_scans(_review(run)))]
            case "findings":
                rows = self._findings()
            case "finding_rows":
                rows = self._finding_rows()
            case "marks":
                rows = self._marks()
            case "verdicts":
                rows = self._verdicts()
            case "weight_checks":
                rows = self._weight_checks()
            case "scores":
                rows = self._scores()
            case "op_kinds":
                rows = [{"op": op, "kind": kind.value} for op, kind in FILE_KINDS.items()]
            case "helper_patterns":
                rows = [{"helper_pattern": helper.argv} for helper in helpers()]
            case "word_kinds":
                rows = [{"word": word, "kind": kind.value} for word, kind in MESSAGE_KINDS.items()]
            case _:
                rows = []
        return pa.Table.from_pylist(list(rows), schema=SCHEMAS[name])

    def _findings(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for standing in self._told(read_findings(_review(run))):
                finding = standing.finding
                yield {
                    **{field: getattr(finding, field) for field in _FINDING_FIELDS},
                    "run_no": run.number,
                    "run_id": run.run_id,
                    "ts": _us(finding.ts),
                    "evidence": [one.seq for one in finding.evidence],
                    "lineage": list(finding.lineage),
                    "state": standing.state.value,
                    "profile": standing.profile,
                    "severity": standing.severity,
                    "sample_rows": finding.counts.rows,
                    "distinct_items": finding.counts.items,
                    "repetitions": finding.counts.repetitions,
                }

    def _finding_rows(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for standing in self._told(read_findings(_review(run))):
                for seq in {one.seq for one in standing.finding.evidence}:
                    yield {
                        "run_no": run.number,
                        "seq": seq,
                        "state": standing.state.value,
                        "severity": standing.severity,
                    }

    def _marks(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for mark in self._told(read_marks(_review(run))):
                yield {
                    "run_no": run.number,
                    "run_id": run.run_id,
                    "ts": _us(mark.ts),
                    "seq": mark.seq,
                    "made_at": _us(mark.made_at),
                    "reviewer": mark.reviewer,
                    "text": mark.text,
                }

    def _verdicts(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for verdict in self._told(read_verdicts(_review(run))):
                yield {
                    **{field: getattr(verdict, field) for field in _VERDICT_FIELDS},
                    "run_no": run.number,
                    "run_id": run.run_id,
                    "ts": _us(verdict.ts),
                    "evidence": list(verdict.evidence),
                    "stale": verdict.is_stale(run.snapshot.manifest.recording_hash),
                }

    def _weight_checks(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for check in self._told(read_weight_checks(_review(run))):
                yield {
                    **{field: getattr(check, field) for field in _WEIGHT_CHECK_FIELDS},
                    "run_id": run.run_id,
                    "ts": _us(check.ts),
                }

    def _scores(self) -> Iterable[dict[str, object]]:
        for run in self._runs:
            for attempt in self._told(read_scores(_review(run))):
                yield {
                    **{field: getattr(attempt, field) for field in _SCORE_FIELDS},
                    "run_no": run.number,
                    "run_id": run.run_id,
                    "ts": _us(attempt.ts),
                    "ended_at": _us(attempt.ended_at),
                    "status": attempt.status.value,
                    "counts": attempt.counts_for(run.snapshot.manifest.facts.benchmark),
                }

    def _told(self, read: tuple[list[T], list[Problem]]) -> list[T]:
        """The records of a reading, its problems kept."""
        records, problems = read
        self.problems += [problem for problem in problems if problem not in self.problems]
        return records


def _manifest(run: NumberedRun) -> dict[str, object]:
    manifest = run.snapshot.manifest
    return {
        **asdict(manifest.facts),
        "run_no": run.number,
        "run_id": run.run_id,
        "started_at": _us(manifest.started_at),
        "ended_at": _us(manifest.ended_at),
        "sources": [source.name for source in manifest.sources if source.state != "unavailable"],
        "complete": manifest.state is State.CLOSED,
        "state": manifest.state.value,
        "recording_hash": manifest.recording_hash,
    }


def _review(run: NumberedRun) -> Review:
    return Review(run.snapshot.folder, run.run_id)


def _us(ns: int | None) -> int | None:
    return None if ns is None else ns // 1000
