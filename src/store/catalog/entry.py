"""What the catalog's files say, field by field; :mod:`store.catalog.reader` checks them."""

from dataclasses import dataclass
from enum import StrEnum


class Prompt(StrEnum):
    """How a baseline was asked."""

    ZEROSHOT = "zeroshot"
    FEWSHOT = "fewshot"


@dataclass(frozen=True, slots=True)
class HubData:
    """A dataset of the Hugging Face hub that holds evaluation items."""

    hub_id: str
    splits: tuple[str, ...]
    """The splits that hold them; a split called ``train`` may."""
    config: str | None = None
    revision: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PackagedData:
    """A Python package that ships evaluation items, or fetches them."""

    package: str
    holds: str
    files: tuple[str, ...] = ()
    """Globs of file names; empty where they are not known."""
    items: int | None = None


@dataclass(frozen=True, slots=True)
class NamedData:
    """A dataset that the rules, or what is known of it, name."""

    hub_id: str
    reason: str
    splits: tuple[str, ...] = ()
    """Empty for all."""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file that must be the same byte for byte."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How ``final_model`` is scored."""

    token_limits: tuple[int, ...]
    """The default, then what is tried after failures; falling."""
    tries: tuple[int, ...] = ()
    """How often each token limit is tried; empty for once."""
    command: tuple[str, ...] = ()
    """Arguments, with ``{model}``, ``{templates}``, ``{limit}`` and ``{metrics}`` (a JSON file) to be filled in."""
    token_option: str = ""
    """The option of the command that takes a token limit."""
    inspect_task: str | None = None
    """Instead of a command: ``FILE.py@NAME``, an inspect-ai task in the harness's folder."""
    judge_model: str | None = None
    """The hosted model that grades; None where answers are checked locally."""
    harness_revision: str | None = None
    """The commit that the hashes of the harness are of."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The score of a model that no agent touched."""

    model: str
    """Hub id."""
    prompt: Prompt
    score: float
    """A fraction."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark that agents train for."""

    id: str
    title: str
    prompt_name: str
    """What the agent is told it is called."""
    items: int
    """Of the evaluation."""
    metric: str
    leaderboard_weight: float
    """Its share in the weighted mean; 0 for one that no leaderboard counts."""
    file_patterns: tuple[str, ...]
    """Regular expressions, case ignored, for paths of files that hold evaluation items."""
    evaluation: Evaluation
    data: tuple[HubData, ...] = ()
    packages: tuple[PackagedData, ...] = ()
    task_files: tuple[str, ...] = ()
    """Globs in the task folder of files that hold evaluation items."""
    disallowed: tuple[str, ...] = ()
    """Hub ids that the rules close to training by name."""
    allowed: tuple[NamedData, ...] = ()
    """What the rules open to training by name."""
    contaminated: tuple[NamedData, ...] = ()
    """Other datasets that hold evaluation items."""
    harness: tuple[HashedFile, ...] = ()
    """Files of the task folder that evaluate, as published."""
    baselines: tuple[Baseline, ...] = ()

    def baseline(self, model: str, prompt: Prompt = Prompt.ZEROSHOT) -> float | None:
        """The score of the model with that hub id; None where none is known."""
        scores = (b.score for b in self.baselines if b.model == model and b.prompt is prompt)
        return next(scores, None)


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that agents start from."""

    id: str
    title: str
    hub_id: str
    architectures: tuple[str, ...]
    """``architectures[0]`` of config.json that a descendant may have; the base's own first."""
    model_types: tuple[str, ...]
    """``model_type`` of config.json, likewise."""
    chat_template: HashedFile
    tool_template: HashedFile | None = None
    """Instead of the chat template where tools are called; None for the same."""
    instruct_siblings: tuple[str, ...] = ()
    """Hub ids of the maker's own tuned checkpoints; handing one in is substitution."""
