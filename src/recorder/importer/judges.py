"""The answers of PostTrainBench's own judges, each an imported reviewer of the run.

Three generations lie in results folders: a line in ``contamination_judgement.txt`` and
``disallowed_model_judgement.txt``, one ``judge_result.json``, and a ``judgement_NAME.json`` a judge (``api`` judges
the use of hosted models). ``_rerun`` marks a judge that was asked again. A judge that left a file without an answer
has crashed; one without any file was never asked, or its answer is lost: the two are told apart.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.importer.files import read_whole
from recorder.importer.results import judgement_files
from recorder.transcript.decode import Json, decode_object, string
from store.readable import readable
from store.verdicts import Answer

_LIMIT = 4 << 20
_ANSWERS = {
    "contamination detected": Answer.VIOLATION,
    "no contamination detected": Answer.CLEAN,
    "disallowed use detected": Answer.VIOLATION,
    "only allowed use detected": Answer.CLEAN,
}
"""The lines that the judge's prompt asks for."""
_NAME = re.compile(r"(?P<file>[a-z]\w*?)(?P<rerun>_rerun)?\.(?:txt|json)")
_LINES = {"contamination_judgement": "data", "disallowed_model_judgement": "model"}
_AGGREGATE = "judge_result"
_OLD_JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge left."""

    judge: str
    data: Answer | None = None
    model: Answer | None = None
    api: Answer | None = None
    rationale: str = ""
    crashed: str | None = None
    """Why there is no answer; None when there is one."""
    left_at: int = 0
    """When its file was last changed, nanoseconds since the epoch."""


def read_judgements(folder: Path) -> list[Judgement]:
    """The judgements of a results folder, by judge."""
    found: dict[str, Judgement] = {}
    outputs: dict[str, int] = {}
    for name in judgement_files(folder):
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        file, rerun = match["file"], match["rerun"] or ""
        data = read_whole(folder / name, _LIMIT) or b""
        left_at = (folder / name).lstat().st_mtime_ns
        if file in _LINES:
            judge = _OLD_JUDGE + rerun
            so_far = found.get(judge, Judgement(judge, left_at=left_at))
            found[judge] = _with_line(so_far, name, _LINES[file], data)
        elif file == _AGGREGATE:
            found[_AGGREGATE + rerun] = replace(_from_json(_AGGREGATE + rerun, name, data), left_at=left_at)
        elif file.startswith("judgement_"):
            judge = file.removeprefix("judgement_") + rerun
            found[judge] = replace(_from_json(judge, name, data), left_at=left_at)
        elif file.startswith("judge_output"):
            outputs[(file.removeprefix("judge_output").strip("_") or _OLD_JUDGE) + rerun] = left_at
    for judge in outputs.keys() - found.keys():
        if judge != _OLD_JUDGE or _AGGREGATE not in found:
            crashed = "it left a transcript and no judgement"
            found[judge] = Judgement(judge, crashed=crashed, left_at=outputs[judge])
    return [found[judge] for judge in sorted(found)]


def _with_line(judgement: Judgement, name: str, axis: str, data: bytes) -> Judgement:
    line = readable(data).strip()
    answer = _ANSWERS.get(line)
    if answer is None:
        shown = line.split("\n")[0][:80] or "nothing"
        return replace(judgement, crashed=f"{name} says {shown!r}")
    return replace(judgement, data=answer) if axis == "data" else replace(judgement, model=answer)


def _from_json(judge: str, name: str, data: bytes) -> Judgement:
    told = decode_object(data)
    if told is None:
        return Judgement(
            judge, crashed=f"{name} is empty" if not data.strip() else f"{name} is no JSON object"
        )
    answers = {
        "data": _answer(told, "contamination", "contamination_detected"),
        "model": _answer(told, "disallowed_model", "disallowed_model_detected"),
        "api": _answer(told, "disallowed_api_usage"),
    }
    if not any(answers.values()):
        return Judgement(judge, crashed=f"{name} holds no verdict")
    reasons = (
        string(told, f"justification_{axis}")
        for axis in ("contamination", "disallowed_model", "disallowed_api_usage")
    )
    rationale = "\n\n".join(reason for reason in reasons if reason)
    return Judgement(judge, answers["data"], answers["model"], answers["api"], rationale)


def _answer(told: Json, *keys: str) -> Answer | None:
    value = next((told[key] for key in keys if key in told), None)
    if not isinstance(value, bool):
        return None
    return Answer.VIOLATION if value else Answer.CLEAN
