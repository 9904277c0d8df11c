"""Hyper-parameters, as commands give them and as scripts that ran have them: by name, whoever trains.

Text tells them, so they are what was asked for, not what a trainer made of it.
"""

import re
from collections import defaultdict

from review.commands.issued import issued
from review.commands.programs import programs
from review.compare.part import Figure
from review.detector import RunView

_NAMES = {
    "learning rate": "learning_rate|lr|max_lr",
    "epochs": "num_train_epochs|num_epochs|n_epochs|epochs",
    "max steps": "max_steps|max_iters|num_steps|total_steps",
    "batch size": "per_device_train_batch_size|train_batch_size|micro_batch_size|batch_size|bs",
    "gradient accumulation": "gradient_accumulation_steps|grad_accum(?:ulation)?(?:_steps)?",
    "sequence length": "max_seq_length|max_seq_len|max_length|model_max_length|seq_len|block_size",
    "warm-up": "warmup_ratio|warmup_steps",
    "weight decay": "weight_decay",
    "scheduler": "lr_scheduler_type|scheduler",
    "optimizer": "optim|optimizer",
    "LoRA rank": "lora_r|lora_rank|r",
    "LoRA alpha": "lora_alpha",
    "LoRA dropout": "lora_dropout",
    "beta": "beta",
    "temperature": "temperature",
    "seed": "seed|random_seed",
    "precision": "torch_dtype|dtype|mixed_precision",
}
_CANONICAL = {
    alias: name
    for name, aliases in _NAMES.items()
    for alias in aliases.replace("(?:ulation)?(?:_steps)?", "").split("|")
}
_ALIASES = "|".join(sorted("|".join(_NAMES.values()).split("|"), key=len, reverse=True))
_VALUE = (
    r"(?:[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\"[\w./-]{1,40}\"|'[\w./-]{1,40}'|torch\.\w+|True|False)"
)
_IN_SCRIPT = re.compile(rf"(?<![\w.-])[\"']?(?P<name>{_ALIASES})[\"']?\s*[=:]\s*(?P<value>{_VALUE})(?![\w(])")
_IN_COMMAND = re.compile(rf"--?(?P<name>{_ALIASES.replace('_', '[-_]')})(?:=|\s+)(?P<value>[\w.+/-]+)")
_TRAINS = re.compile(
    r"(?i)trainer|optimi[sz]er|learning_rate|\blr\b|backward\(|finetun|fine_tun|lora|\bsft\b|\btrain"
)
_MOST_VALUES = 6


def parameters(run: RunView) -> tuple[Figure, ...]:
    """Each parameter that was found with its values in the order in which they came up."""
    found: dict[str, dict[str, int | None]] = defaultdict(dict)
    for one in issued(run):
        for match in _IN_COMMAND.finditer(one.text) if _TRAINS.search(one.text) else ():
            _note(found, match, one.seq)
    for program in programs(run):
        for match in _IN_SCRIPT.finditer(program.text) if _TRAINS.search(program.text) else ():
            seq = program.version_seq or (program.ran[0].seq if program.ran else None)
            _note(found, match, seq)
    return tuple(
        Figure(name, _listed(list(found[name])), seq=next(iter(found[name].values())))
        for name in _NAMES
        if name in found
    )


def _note(found: dict[str, dict[str, int | None]], match: re.Match[str], seq: int | None) -> None:
    alias = match["name"].replace("-", "_")
    name = _CANONICAL.get(alias) or ("gradient accumulation" if alias.startswith("grad_accum") else None)
    if name is not None:
        found[name].setdefault(_plain(match["value"]), seq)


def _plain(value: str) -> str:
    """``"cosine"``, ``torch.bfloat16`` and ``1_000`` as people say them; numbers in one way of writing."""
    text = value.strip("\"'").removeprefix("torch.")
    try:
        return f"{float(text.replace('_', '')):g}"
    except ValueError:
        return text


def _listed(values: list[str]) -> str:
    shown = ", ".join(values[:_MOST_VALUES])
    more = len(values) - _MOST_VALUES
    return f"{shown} and {more} more" if more > 0 else shown
