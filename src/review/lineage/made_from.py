"""How a run's ``final_model`` was made, as a record: what the command line prints and the app renders."""

from dataclasses import dataclass
from enum import StrEnum

from store.findings import Certainty


class StageKind(StrEnum):
    """What a process did to weights."""

    TRAINED = "trained"
    """Read data, wrote weights."""
    MERGED = "merged"
    """Read several checkpoints and no data."""
    CONVERTED = "converted"
    """Read one checkpoint and no data, and wrote other bytes or bytes that were not compared."""
    COPIED = "copied"
    """The same bytes, or a program that only copies."""
    WRITTEN = "written"
    """No checkpoint and no data was seen to be read."""


class Relation(StrEnum):
    """What a checkpoint is to the task."""

    BASE = "base"
    """The base model that the task gives."""
    INSTRUCT = "instruct"
    """A tuned sibling of that base, by the same maker."""
    OTHER = "other"
    """Another model."""
    UNKNOWN = "unknown"
    """Not identified."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that were read and not made in the run."""

    path: str
    """The folder."""
    model: str | None
    """Hub id, where it could be told."""
    relation: Relation
    how_known: str
    """What the identification rests on."""
    seq: int
    """Of the first row that reads it."""


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """Where a data file came from, one level up."""

    text: str
    """A line for people; run text, hostile."""
    seq: int | None
    """Of the row that wrote it; None where nothing wrote it in the run."""
    command: str | None
    """What wrote it."""
    inputs: tuple[str, ...]
    """Data that the writer had read."""
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class DataFile:
    """Data that a stage read."""

    path: str
    seq: int
    """Of the first row that reads it."""
    read_at: int | None
    """Nanoseconds since the epoch; None where nobody saw it."""
    bytes_read: int | None
    """None where the witness does not count bytes."""
    sha256: str | None
    """Of the latest recorded content; None where none was recorded."""
    certainty: Certainty
    """Of its having gone into the weights."""
    origins: tuple[DataOrigin, ...]


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The GPU while a stage ran."""

    mean_util_pct: float | None
    """Over all devices."""
    samples: int
    listed: float | None
    """Share of the samples that list the stage's process on the device; None where none lists processes."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """Weights, or a model's configuration, as a stage wrote it."""

    path: str
    """The name it was written under."""
    seq: int
    saved_at: int | None
    """When the last byte was written, ns; None where that was not seen."""
    size: int | None
    sha256: str | None
    """None where the content was not hashed."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One process that made weights on the way to ``final_model``."""

    kind: StageKind
    process_id: int | None
    """None where only the text of a command tells of it."""
    seq: int | None
    """Of its exec, or of the command."""
    command: str
    """Shell-quoted; run text, hostile."""
    started_at: int | None
    """Nanoseconds since the epoch."""
    ended_at: int | None
    """None when the end was not seen."""
    gpu: GpuUse | None
    """None without a GPU witness, or without a sample while it ran."""
    scripts: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]
    previous: tuple[str, ...]
    """Weights made in the run that it went on from."""
    data: tuple[DataFile, ...]
    more_data: int
    """Data files that are not listed."""
    saves: tuple[SavedFile, ...]


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What happened to weights once they were written."""

    seq: int
    ts: int | None
    kind: str
    """rename, link, symlink, copy, overwritten."""
    text: str


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """How ``final_model`` was made."""

    run_id: str
    submitted: tuple[str, ...]
    """The weights in ``final_model``; empty where none were seen."""
    base: tuple[Checkpoint, ...]
    """Every checkpoint at the beginning of a chain that leads to them."""
    stages: tuple[Stage, ...]
    """In the order of time."""
    after: tuple[Afterwards, ...]
    """In the order of time."""
    not_seen: tuple[str, ...]
    """A sentence each."""
    certainty: Certainty
    """Of the weakest link from base and data to the submitted weights."""
