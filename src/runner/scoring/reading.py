"""What the harness says, read as what it is: files that code of unknown intent wrote.

Model answers are executed by some harnesses (HumanEval's) in the same container, so that no file there is above
suspicion: each is a regular file of bounded size, parsed strictly, and a number that no score can be is no score.
"""

import os
import stat
import zipfile
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from runner.scoring.spec import Sampling
from store.counting import counted
from store.jsonio import loads

_MOST_JSON = 1 << 20
_MOST_HEADER = 64 << 20
_MOST_LOGS = 16
_MOST_COUNT = 1 << 31
_MOST_TEXT = 2000
_LOCAL_HEADER = 30
"""Bytes before a zip entry's name: APPNOTE.TXT, 4.3.7."""
_ZSTD = 93
"""inspect-ai compresses with zstd, which :mod:`zipfile` does not read before Python 3.14."""
_WORDS = ("accuracy", "mean", "score")
"""Names of the metric that is the value, the first that is there."""


class Unreadable(Exception):
    """A file is missing, or is not what it should be; says which and why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """``progress.json``."""

    stage: str
    done: int
    total: int | None
    metric: float | None
    tokens: int
    sampling_s: float | None
    settable: bool | None
    """Whether the harness takes seed, temperature and top_p; None where it ended before that was known."""
    drawn: Sampling | None
    """How the first answer was asked for; None where the harness does not tell."""


@dataclass(frozen=True, slots=True)
class Ended:
    """``result.json``."""

    finished: bool
    stage: str
    error: str | None
    engine_version: str | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A score."""

    value: float
    stderr: float | None
    samples: int | None
    """None where the harness does not tell."""


def read_progress(out: Path) -> Seen | None:
    """How far it is; None where nothing that can be read says so."""
    try:
        said = _json(out / "progress.json")
        return Seen(
            _text(said.get("stage")) or "",
            _count(said.get("done")) or 0,
            _count(said.get("total")),
            _finite(said.get("metric")),
            _count(said.get("tokens")) or 0,
            _finite(said.get("sampling_s")),
            settable if isinstance(settable := said.get("settable"), bool) else None,
            _drawn(said.get("drawn")),
        )
    except Unreadable:
        return None


def read_result(out: Path) -> Ended | None:
    """How the driver says that it ended; None where it does not."""
    try:
        said = _json(out / "result.json")
    except Unreadable:
        return None
    return Ended(
        said.get("finished") is True,
        _text(said.get("stage")) or "",
        _text(said.get("error")),
        _text(said.get("engine_version")),
    )


def read_metrics(path: Path) -> Measured:
    """The JSON of PostTrainBench's ``evaluate.py``: ``{"accuracy": …, "stderr": …}``; raises :class:`Unreadable`."""
    said = _json(path)
    return Measured(
        _fraction(path, said.get("accuracy")), _finite(said.get("stderr")), _count(said.get("n_examples"))
    )


def read_inspect_log(logs: Path) -> Measured:
    """The one ``.eval`` of a folder, if inspect-ai ended well and scored every sample; raises :class:`Unreadable`."""
    found = sorted(logs.glob("*.eval"))[:_MOST_LOGS]
    if len(found) != 1:
        raise Unreadable(f"inspect-ai left {counted(len(found), 'log')} instead of one")
    header = _header(found[0])
    if header.get("status") != "success":
        raise Unreadable(f"the log's status is {_text(header.get('status')) or 'not said'}, not success")
    results = header.get("results")
    if not isinstance(results, dict):
        raise Unreadable("the log has no results")
    done, total = _count(results.get("completed_samples")), _count(results.get("total_samples"))
    if done is None or done == 0 or done != total:
        raise Unreadable(f"the log has {done} of {total} samples scored")
    scores = results.get("scores")
    metrics = (
        scores[0].get("metrics")
        if isinstance(scores, list) and scores and isinstance(scores[0], dict)
        else None
    )
    if not isinstance(metrics, dict):
        raise Unreadable("the log has no metrics")
    values = {name: one.get("value") for name, one in metrics.items() if isinstance(one, dict)}
    word = next((word for word in _WORDS if word in values), None)
    if word is None:
        raise Unreadable(f"the log has none of the metrics {', '.join(_WORDS)}")
    return Measured(_fraction(found[0], values[word]), _finite(values.get("stderr")), done)


def read_regular(path: Path, most: int) -> bytes:
    """At most ``most`` bytes of a regular file; raises :class:`Unreadable` for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(f"{path.name} is no regular file")
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"{path.name} is larger than {most} bytes")
    return data


def _json(path: Path) -> dict[str, Any]:
    try:
        value = loads(read_regular(path, _MOST_JSON))
    except ValueError as error:
        raise Unreadable(f"{path.name} is no JSON") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{path.name} is no JSON object")
    return value


def _header(path: Path) -> dict[str, Any]:
    """``header.json`` of an ``.eval``, which is a zip."""
    if path.is_symlink() or not path.is_file():
        raise Unreadable(f"{path.name} is no regular file")
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("header.json")
            data = _unpacked(path, archive, entry)
        value = loads(data)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise Unreadable(f"{path.name} is no log of inspect-ai: {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{path.name} has a header that is no object")
    return value


def _unpacked(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > _MOST_HEADER or entry.compress_size > _MOST_HEADER:
        raise Unreadable(f"{path.name} has a header of {entry.file_size} bytes")
    if entry.compress_type != _ZSTD:
        return archive.read(entry)
    import pyarrow as pa

    with path.open("rb") as file:
        file.seek(entry.header_offset)
        local = file.read(_LOCAL_HEADER)
        skipped = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        file.seek(skipped, os.SEEK_CUR)
        packed = file.read(entry.compress_size)
    unpacked: bytes = pa.Codec("zstd").decompress(packed, entry.file_size, asbytes=True)
    return unpacked


def _fraction(path: Path, value: object) -> float:
    number = _finite(value)
    if number is None or not 0 <= number <= 1:
        raise Unreadable(f"{path.name} has {str(value)[:50]!r} where a score from 0 to 1 should stand")
    return number


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    return float(value)


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _MOST_COUNT else None


def _drawn(value: object) -> Sampling | None:
    if not isinstance(value, dict):
        return None
    return Sampling(_count(value.get("seed")), _finite(value.get("temperature")), _finite(value.get("top_p")))


def _text(value: object) -> str | None:
    return value[:_MOST_TEXT] if isinstance(value, str) else None
