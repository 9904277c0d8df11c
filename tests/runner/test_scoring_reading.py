"""Logs and progress files as a harness of bad intent would leave them."""

import json
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.scoring.reading import Unreadable, read_inspect_log, read_metrics, read_progress, read_result


def header(**changes: Any) -> dict[str, Any]:
    metrics = {"accuracy": {"name": "accuracy", "value": 0.25}, "stderr": {"name": "stderr", "value": 0.1}}
    results = {"total_samples": 4, "completed_samples": 4, "scores": [{"metrics": metrics}]}
    return {"status": "success", "results": results | changes.pop("results", {})} | changes


def write_log(folder: Path, content: bytes, name: str = "header.json") -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "one.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return folder


def test_a_log_that_ended_well_gives_its_accuracy(tmp_path: Path) -> None:
    measured = read_inspect_log(write_log(tmp_path / "logs", json.dumps(header()).encode()))
    assert (measured.value, measured.stderr, measured.samples) == (0.25, 0.1, 4)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header(status="error"), "status is error"),
        (header(status=["success"]), "status is not said"),
        (header(results={"completed_samples": 3}), "3 of 4 samples"),
        (header(results={"completed_samples": 0, "total_samples": 0}), "0 of 0 samples"),
        (header(results={"completed_samples": True, "total_samples": True}), "None of None"),
        (header(results={"scores": []}), "no metrics"),
        (header(results={"scores": [{"metrics": {"accuracy": {"value": 1.5}}}]}), "from 0 to 1"),
        (header(results={"scores": [{"metrics": {"accuracy": {"value": "1"}}}]}), "from 0 to 1"),
        (header(results={"scores": [{"metrics": {"wins": {"value": 1}}}]}), "none of the metrics"),
        ([], "no object"),
    ],
)
def test_a_log_that_did_not_is_no_score(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_inspect_log(write_log(tmp_path / "logs", json.dumps(content).encode()))


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for make, reason in (
        (lambda: logs.mkdir(exist_ok=True), "0 logs instead of one"),
        (lambda: write_log(logs, b"{}", "other.json"), "KeyError"),
        (lambda: write_log(logs, b" " * (65 << 20)), "header of"),
        (lambda: (logs / "one.eval").write_bytes(b"PK\x03\x04 no zip"), "BadZipFile"),
        (lambda: (logs / "two.eval").write_bytes(b""), "2 logs instead of one"),
    ):
        make()
        with pytest.raises(Unreadable, match=reason):
            read_inspect_log(logs)
    (logs / "two.eval").unlink()
    (logs / "one.eval").unlink()
    os.mkfifo(logs / "one.eval")
    with pytest.raises(Unreadable, match="no regular file"):
        read_inspect_log(logs)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["stage", "done", "total", "metric", "tokens", "accuracy", "finished"]),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_whatever_is_written_progress_and_results_are_read_or_left(tmp_path: Path, data: bytes) -> None:
    for name in ("progress.json", "result.json", "metrics.json"):
        (tmp_path / name).write_bytes(data)
    seen = read_progress(tmp_path)
    assert seen is None or (seen.done >= 0 and (seen.total is None or seen.total >= 0))
    ended = read_result(tmp_path)
    assert ended is None or isinstance(ended.finished, bool)
    with suppress(Unreadable):
        assert 0 <= read_metrics(tmp_path / "metrics.json").value <= 1
