"""What ``ptb score`` is to be asked for, while it is being put together; knows the command line and nothing of a screen."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ptb_tui.state.times import counted
from runner.scoring.judge import OPENAI
from runner.scoring.ladder import ladder
from runner.scoring.request import LONGEST_ATTEMPT_S, Request
from store.catalog.entry import Benchmark

_FEW = 32
"""Items that may be evaluated without asking twice."""


class Field(StrEnum):
    """What can be chosen, by the option's name without its dashes."""

    HARNESS = "harness"
    LIMIT = "limit"
    ENGINE = "engine"
    DEVICE = "device"
    LADDER = "token-limit"
    """Of an answer: the first, then what is tried after a failure."""
    TRIES = "tries"
    SANDBOX = "sandbox"
    IMAGE = "image"
    PYTHON = "python"
    HF_HOME = "hf-home"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Question:
    """How a field is asked for."""

    says: str
    absent: str
    """What holds where nothing is given."""
    choices: tuple[str, ...] = ()
    """Empty for a line to type."""
    variable: str | None = None
    """An environment variable that gives the default."""


QUESTIONS: dict[Field, Question] = {
    Field.HARNESS: Question(
        "folder of what evaluates: a PostTrainBench checkout, or the task's own",
        "not given",
        variable="PTB_HARNESS",
    ),
    Field.LIMIT: Question("how many items; a limited score is not the run's", "all items"),
    Field.ENGINE: Question(
        "what runs the model", "vllm on a GPU, else transformers", ("", "vllm", "transformers")
    ),
    Field.DEVICE: Question("cpu, or ids of GPUs such as 0 or 0,1", "any free GPU"),
    Field.LADDER: Question("tokens of an answer; several: what to try after a failure", "the catalog's"),
    Field.TRIES: Question(
        "of each token limit, when the harness dies or runs out of memory or time", "the catalog's"
    ),
    Field.SANDBOX: Question(
        "container: no network, model read-only; process isolates nothing", "container", ("", "process")
    ),
    Field.IMAGE: Question("container image with the engine and inspect-ai", "this machine's programs, lent"),
    Field.PYTHON: Question("Python with the engine and inspect-ai", "ptb's own", variable="PTB_SCORE_PYTHON"),
    Field.HF_HOME: Question(
        "Hugging Face home with the data that the harness loads", "none", variable="PTB_HF_HOME"
    ),
    Field.JUDGE: Question("the one endpoint that the judge is at, HOST:PORT", OPENAI),
}


@dataclass(slots=True)
class ScoreForm:
    """The answers so far."""

    benchmark: Benchmark | None
    """The run's task; None where the catalog does not have it."""
    values: dict[Field, str] = field(default_factory=dict)
    row: int = 0

    @property
    def fields(self) -> list[Field]:
        """What is asked, in order: the judge only where the benchmark has one."""
        judged = self.benchmark is not None and self.benchmark.evaluation.judge_model is not None
        return [one for one in Field if one is not Field.JUDGE or judged]

    @property
    def selected(self) -> Field:
        """The field in hand."""
        return self.fields[self.row]

    def move(self, rows: int) -> None:
        """To another field."""
        self.row = min(max(self.row + rows, 0), len(self.fields) - 1)

    def turn(self, steps: int) -> bool:
        """The next choice of the selected field; False where it is a line to type."""
        choices = QUESTIONS[self.selected].choices
        if not choices:
            return False
        at = choices.index(self.values.get(self.selected, ""))
        self.values[self.selected] = choices[(at + steps) % len(choices)]
        return True

    def type(self, text: str) -> None:
        """Give the selected field; nothing takes it back."""
        self.values[self.selected] = text.strip()

    def default(self, one: Field) -> str:
        """What holds for a field that is not given."""
        question = QUESTIONS[one]
        from_environment = os.environ.get(question.variable) if question.variable else None
        return f"${question.variable}: {from_environment}" if from_environment else question.absent

    def lacks(self) -> str | None:
        """Why it cannot be started; None when it can."""
        harness = self.values.get(Field.HARNESS) or os.environ.get("PTB_HARNESS")
        if not harness:
            return "what evaluates is not part of ptb: give the harness"
        if not Path(harness).expanduser().is_dir():
            return f"{harness} is no folder"
        for one in (Field.LIMIT, Field.LADDER, Field.TRIES):
            for word in self.values.get(one, "").split():
                if not (word.isascii() and word.isdigit() and int(word) > 0):
                    return f"{one.value}: {word} is not a number above 0"
        for one in (Field.LIMIT, Field.TRIES):
            if len(self.values.get(one, "").split()) > 1:
                return f"{one.value}: one number, or none for {QUESTIONS[one].absent}"
        return None

    def options(self) -> Iterator[str]:
        """The options of ``ptb score``; a value never reads as an option, because it stands in the same word."""
        for one in self.fields:
            value = self.values.get(one, "")
            for word in value.split() if one is Field.LADDER else filter(None, (value,)):
                yield f"--{one.value}={word}"

    def command(self, run: str) -> str:
        """The same at a shell's prompt."""
        return shlex.join(("ptb", "score", run, *self.options(), "--detach"))

    def cost(self) -> str | None:
        """What it costs, where it is much; None for what may be started without asking twice."""
        limit = self.values.get(Field.LIMIT, "")
        known = self.benchmark
        if limit and int(limit) <= _FEW and (known is None or known.evaluation.judge_model is None):
            return None
        items = int(limit) if limit else known.items if known else None
        what = "every item of the benchmark" if items is None else counted(items, "item", "items")
        if known is not None:
            what += f" of {known.title}"
        attempts = f", {counted(self._attempts(known), 'attempt', 'attempts')} at most" if known else ""
        said = f"{what}{attempts}, each up to {LONGEST_ATTEMPT_S / 3600:.0f} hours"
        said += f" on {self.values.get(Field.DEVICE) or self.default(Field.DEVICE)}."
        if known is not None and known.evaluation.judge_model is not None:
            where = self.values.get(Field.JUDGE) or QUESTIONS[Field.JUDGE].absent
            said += f" {known.evaluation.judge_model} at {where} grades every answer, for money, with OPENAI_API_KEY."
        return said

    def _attempts(self, known: Benchmark) -> int:
        """How many there may be."""
        tries = self.values.get(Field.TRIES, "")
        limits = tuple(int(word) for word in self.values.get(Field.LADDER, "").split())
        asked = Request(token_limits=limits, tries=int(tries) if tries else None)
        return len(ladder(known.evaluation, asked))
