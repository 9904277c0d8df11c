"""The references folder: one file a reference, a header and its items as JSON lines, written once.

It lies beside the folder of runs. The file's name holds the hash of its items, so that adding the same data twice
changes nothing and an edited file gives itself away.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from review.references.item import Item
from store.catalog.entry import Benchmark
from store.catalog.reader import load_catalog
from store.counting import counted
from store.decode import decode
from store.durable import replace_file, writing
from store.errors import BadInput
from store.jsonio import dumps, loads
from store.library import runs_folder

_HASH_CHARS = 16
_LARGEST = 1 << 30


class Role(StrEnum):
    """What the rules say of the data."""

    EVALUATION = "evaluation"
    """Closed to training."""
    ALLOWED = "allowed"
    """Open to training, and compared with so that what both hold is accused of nothing."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a reference is; the first line of its file."""

    benchmark: str
    role: Role
    items: int
    """Distinct items in it."""
    skipped: int
    """Rows without a question, and repeated ones."""
    source: str
    added_at: int
    """Nanoseconds since the epoch."""
    split: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held of one benchmark."""

    benchmark: Benchmark
    headers: tuple[Header, ...]
    evaluation: tuple[Item, ...]
    """Distinct by id and question."""
    allowed: tuple[Item, ...]

    @property
    def told(self) -> str:
        """How complete it is, for people: ``25 of 448 reference items``."""
        return f"{len(self.evaluation):,} of {counted(self.benchmark.items, 'reference item')}"

    @property
    def whole(self) -> bool:
        """Whether no item of the benchmark is missing."""
        return len(self.evaluation) >= self.benchmark.items


def references_folder() -> Path:
    """``references`` beside the folder of runs."""
    return runs_folder().parent / "references"


def references_hash() -> str:
    """What is held of all benchmarks: another value when a reference was added or removed."""
    names = [f"{path.parent.name}/{path.stem}" for path in _files("*/*.jsonl")]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:_HASH_CHARS]


def keep(header: Header, items: Iterable[Item]) -> Path:
    """Write a reference; the same items again replace their header only."""
    body = b"".join(dumps(item) + b"\n" for item in items)
    folder = references_folder() / header.benchmark
    name = hashlib.sha256(f"{header.role}\n".encode() + body).hexdigest()[:_HASH_CHARS]
    path = folder / f"{name}.jsonl"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, dumps(header) + b"\n" + body)
    return path


def headers() -> tuple[list[Header], list[str]]:
    """Every reference there is, by benchmark and age, and what is wrong with those that cannot be read."""
    found, problems = [], []
    for path in _files("*/*.jsonl"):
        try:
            with path.open("rb") as file:
                found.append(_header(path, file.readline(_LARGEST)))
        except OSError as error:
            problems.append(f"{path} cannot be read: {error.strerror}")
        except BadInput as error:
            problems.append(str(error))
    return sorted(found, key=lambda header: (header.benchmark, header.role, header.added_at)), problems


def load(benchmark: str) -> Held:
    """What is held of the benchmark of that id; raises :class:`BadInput` for an unknown one or a damaged file."""
    entry = load_catalog().benchmark(benchmark)
    told: list[Header] = []
    items: dict[Role, dict[tuple[str, str], Item]] = {role: {} for role in Role}
    for path in _files(f"{entry.id}/*.jsonl"):
        header, those = _read(path)
        told.append(header)
        for item in those:
            items[header.role].setdefault((item.id, item.question), item)
    evaluation, allowed = (tuple(items[role].values()) for role in (Role.EVALUATION, Role.ALLOWED))
    return Held(entry, tuple(told), evaluation, allowed)


def _files(pattern: str) -> list[Path]:
    """The reference files of that name, sorted; none where this user may not look into the folder."""
    try:
        return sorted(references_folder().glob(pattern))
    except PermissionError:
        return []


def _read(path: Path) -> tuple[Header, list[Item]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInput(f"{path} is larger than any reference: remove it and add the data again")
        first, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    header = _header(path, first)
    if hashlib.sha256(f"{header.role}\n".encode() + body).hexdigest()[:_HASH_CHARS] != path.stem:
        raise BadInput(f"{path} was changed after it was added: remove it and add the data again")
    return header, [decode(Item, loads(line), "item") for line in body.splitlines()]


def _header(path: Path, line: bytes) -> Header:
    try:
        return decode(Header, loads(line), "header")
    except ValueError as error:
        raise BadInput(f"{path} is no reference ({error}): remove it and add the data again") from error
