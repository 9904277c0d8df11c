"""Reads the catalog: the files that ship with ptb and the user's own, each checked before anything uses it."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any, Protocol, TypeVar, get_args, get_type_hints

from store.catalog.entry import BaseModel, Benchmark, Evaluation, HashedFile
from store.decode import decode
from store.errors import BadInput

_SHIPPED = Path(__file__).parent
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TASK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.py@[A-Za-z_][A-Za-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLACES = {"model", "templates", "limit", "metrics"}


class Entry(Protocol):
    """What a file of a catalog describes."""

    @property
    def id(self) -> str:
        """Also the file's name, without its ending."""
        ...


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All benchmarks and base models that are known, by id."""

    benchmarks: Mapping[str, Benchmark]
    models: Mapping[str, BaseModel]

    def benchmark(self, name: str) -> Benchmark:
        """The benchmark of that id; raises :class:`BadInput` for an unknown one."""
        return find_entry(self.benchmarks, name.lower(), "benchmark")

    def model(self, name: str) -> BaseModel:
        """The base model of that id or hub id, with its owner or without; raises :class:`BadInput` for an unknown one."""
        by_hub = {
            name.lower(): model.id
            for model in self.models.values()
            for name in (model.hub_id, model.hub_id.rpartition("/")[2])
        }
        return find_entry(self.models, by_hub.get(name.lower(), name.lower()), "base model")

    def base_score(self, benchmark: str, model: str) -> float | None:
        """What the untouched base model scores, a fraction; None for a task that is not known."""
        try:
            return self.benchmark(benchmark).baseline(self.model(model).hub_id)
        except BadInput:
            return None


def user_folder() -> Path:
    """``$PTB_CATALOG``, or ``catalog`` in the platform's user config folder."""
    chosen = os.environ.get("PTB_CATALOG")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("ptb", appauthor=False) / "catalog"


def load_catalog(folder: Path | None = None) -> Catalog:
    """What ships with ptb, and the files of ``folder`` (default: :func:`user_folder`) over it.

    Raises :class:`BadInput` naming file, key and reason for a file that cannot be used.
    """
    own = folder or user_folder()
    return Catalog(
        {
            entry.id: entry
            for base in (_SHIPPED, own)
            for entry in read_entries(base / "benchmarks", Benchmark, _check_benchmark)
        },
        {
            entry.id: entry
            for base in (_SHIPPED, own)
            for entry in read_entries(base / "models", BaseModel, _check_model)
        },
    )


def find_entry(known: Mapping[str, E], name: str, what: str) -> E:
    """The entry called ``name``; raises :class:`BadInput` with the nearest name for an unknown one."""
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    raise BadInput(f"no {what} {name!r} in the catalog; {advice}")


def read_entries(folder: Path, kind: type[E], check: Callable[[E], Iterator[str]]) -> Iterator[E]:
    """What the TOML files of ``folder`` describe, by name; ``check`` yields what is wrong with one.

    Raises :class:`BadInput` naming file, key and reason for a file that cannot be used.
    """
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text()
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{path} is no TOML: {error}") from error
        yield _read_entry(path, text, kind, check)


@lru_cache(maxsize=256)
def _read_entry(path: Path, text: str, kind: type[E], check: Callable[[E], Iterator[str]]) -> E:
    """What ``text`` of the file at ``path`` describes; remembered, because a scan asks for the catalog a dozen times."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is no TOML: {error}") from error
    try:
        entry = decode(kind, raw, path.stem)
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    problems = [f"{key} is no key of a {kind.__name__.lower()}" for key in unknown_keys(kind, raw)]
    problems += check(entry)
    if entry.id != path.stem:
        problems.append(f"id is {entry.id!r}, and the file is called {path.name}")
    if problems:
        raise BadInput(f"{path}: {problems[0]}")
    return entry


def unknown_keys(record: type, value: Any, where: str = "") -> Iterator[str]:
    """Keys in ``value`` that ``record`` has no field for: a misspelt key must not be a missing one."""
    hints = get_type_hints(record)
    known = {field.name for field in fields(record)}
    for key, part in value.items():
        if key not in known:
            yield where + key
            continue
        inner = next((arg for arg in (hints[key], *get_args(hints[key])) if is_dataclass(arg)), None)
        for one in part if isinstance(part, list) else [part]:
            if isinstance(inner, type) and isinstance(one, dict):
                yield from unknown_keys(inner, one, f"{where}{key}.")


def _check_benchmark(benchmark: Benchmark) -> Iterator[str]:
    yield from check_id(benchmark.id)
    evaluation = benchmark.evaluation
    limits = evaluation.token_limits
    if benchmark.items < 1:
        yield "items is less than 1"
    if not 0 <= benchmark.leaderboard_weight <= 1:
        yield "leaderboard_weight is not between 0 and 1"
    if not limits or limits[-1] < 1 or list(limits) != sorted(set(limits), reverse=True):
        yield "evaluation.token_limits is not a falling row of numbers above 0"
    if evaluation.tries and (len(evaluation.tries) != len(limits) or min(evaluation.tries) < 1):
        yield "evaluation.tries is not a number above 0 for each of evaluation.token_limits"
    yield from _check_evaluation(evaluation)
    yield from (f"file_patterns has {pattern!r}: {why}" for pattern, why in _broken(benchmark.file_patterns))
    yield from (f"data.splits of {one.hub_id} is empty" for one in benchmark.data if not one.splits)
    own = {one.hub_id.lower() for one in benchmark.data}
    yield from (
        f"contaminated names {one.hub_id}, which is the evaluation data itself"
        for one in benchmark.contaminated
        if one.hub_id.lower() in own
    )
    yield from _check_hashes("harness", benchmark.harness)
    yield from (
        f"baselines.score of {one.model} is not between 0 and 1"
        for one in benchmark.baselines
        if not 0 <= one.score <= 1
    )
    whole = {one.hub_id for one in benchmark.allowed if not one.splits}
    yield from (f"{name} is both allowed and disallowed" for name in benchmark.disallowed if name in whole)


def _check_evaluation(evaluation: Evaluation) -> Iterator[str]:
    places = {name for argument in evaluation.command for name in _places(argument)}
    if evaluation.inspect_task is not None:
        if evaluation.command:
            yield "evaluation has a command and an inspect_task; one of them evaluates"
        if not _TASK.fullmatch(evaluation.inspect_task):
            yield f"evaluation.inspect_task is {evaluation.inspect_task!r}, not of the form FILE.py@NAME"
    elif not evaluation.command:
        yield "evaluation.command is empty"
    elif not places <= _PLACES:
        yield f"evaluation.command has {{{min(places - _PLACES)}}}; it may have {', '.join(sorted(_PLACES))}"
    elif not {"model", "metrics"} <= places:
        yield "evaluation.command lacks {model} or {metrics}"
    elif not evaluation.token_option:
        yield "evaluation.token_option is empty"


def _check_model(model: BaseModel) -> Iterator[str]:
    yield from check_id(model.id)
    if model.hub_id.count("/") != 1:
        yield "hub_id is not of the form ORGANISATION/NAME"
    if not model.architectures:
        yield "architectures is empty"
    if not model.model_types:
        yield "model_types is empty"
    if model.hub_id in model.instruct_siblings:
        yield "instruct_siblings has the base model itself"
    templates = [model.chat_template] + ([model.tool_template] if model.tool_template else [])
    yield from _check_hashes("chat_template", templates)


def check_id(name: str) -> Iterator[str]:
    """What is wrong with an id."""
    if not _ID.fullmatch(name):
        yield f"id is {name!r}: use 1 to 64 of a-z, 0-9, ., _ and -"


def _check_hashes(key: str, hashed: Iterable[HashedFile]) -> Iterator[str]:
    for one in hashed:
        if not _SHA256.fullmatch(one.sha256):
            yield f"{key}.sha256 of {one.file} is no SHA-256 in hex"


def _places(argument: str) -> Iterator[str]:
    try:
        yield from (name for _, name, _, _ in Formatter().parse(argument) if name is not None)
    except ValueError:
        yield argument


def _broken(patterns: Iterable[str]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            yield pattern, str(error)
