"""Proposed changes of the benchmark's own judgement files, as a patch; the results folder itself is never edited."""

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from review.export.settled import By, Settled, settled
from review.reviewed import Reviewed
from review.sql_literals import text_list
from store.sql.query import open_query
from store.verdicts import Answer

_LINES = {
    "contamination_judgement.txt": ("data", "no contamination detected", "contamination detected"),
    "disallowed_model_judgement.txt": ("model", "only allowed use detected", "disallowed use detected"),
}
_JSON = "judge_result.json"
_KEYS = {
    "contamination_detected": "data",
    "contamination": "data",
    "disallowed_model_detected": "model",
    "disallowed_model": "model",
    "disallowed_api_usage": "api",
}


@dataclass(frozen=True, slots=True)
class Patch:
    """Unified diffs relative to the folder of results, and what could not be put into them."""

    text: str
    files: int
    left_out: tuple[str, ...]
    """One line a run."""


def judge_patch(runs: Sequence[Reviewed]) -> Patch:
    """What would make the judgement files say what people decided; only for runs that people decided on."""
    diffs: list[str] = []
    left_out: list[str] = []
    for run in runs:
        answers = settled(run)
        facts = run.manifest.facts
        if answers.by is not By.PEOPLE:
            continue
        if facts.source_path is None:
            left_out.append(f"{run.manifest.run_id}: not imported, so there is no judgement file to change")
            continue
        originals = _originals(run)
        if not originals:
            left_out.append(f"{run.manifest.run_id}: the import holds no judgement file")
        for name, text in originals.items():
            place = "/".join([*facts.source_path.rstrip("/").split("/")[-2:], name])
            if text is None:
                left_out.append(f"{run.manifest.run_id}: {name} was redacted or cut, so it cannot be patched")
                continue
            new = _changed(name, text, answers)
            if new is None:
                left_out.append(f"{run.manifest.run_id}: {name} is not in a known form")
            elif new != text:
                diffs.append(_diff(place, text, new))
    return Patch("".join(diffs), len(diffs), tuple(left_out))


def _originals(run: Reviewed) -> dict[str, str | None]:
    """Judgement files as they were imported, by name; None where the kept text is not the original."""
    with open_query([run.folder]) as query:
        rows = query.run(
            "SELECT path, max_by(text, seq) AS text, max_by(redacted, seq) AS redacted, "
            "max_by(captured, seq) AS captured FROM file_versions "
            f"WHERE path IN {text_list([*_LINES, _JSON])} GROUP BY path ORDER BY path"
        ).table()
    return {
        row["path"]: None if row["redacted"] or row["captured"] != "whole" else row["text"]
        for row in rows.to_pylist()
    }


def _changed(name: str, text: str, answers: Settled) -> str | None:
    if name == _JSON:
        return _changed_json(text, answers)
    axis, clean, violation = _LINES[name]
    said = {Answer.CLEAN: clean, Answer.VIOLATION: violation}.get(getattr(answers, axis))
    if text.strip() not in (clean, violation):
        return None
    return text if said is None else text.replace(text.strip(), said)


def _changed_json(text: str, answers: Settled) -> str | None:
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    new = dict(told)
    for key, axis in _KEYS.items():
        answer = getattr(answers, axis)
        if key in told and answer in (Answer.CLEAN, Answer.VIOLATION):
            new[key] = answer is Answer.VIOLATION
    if new == told:
        return text
    return json.dumps(new, indent=2, ensure_ascii=False) + ("\n" if text.endswith("\n") else "")


def _diff(place: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{place}", f"b/{place}"
    )
    return "".join(_ended(lines))


def _ended(lines: Iterable[str]) -> Iterable[str]:
    """Lines of a diff; one without an end of its own says so, as ``patch`` expects."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
