"""A program of unknown text: what it is told to read may go into all that it is told to write."""

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from review.commands.effects import ContentOrigin, Effects
from review.commands.settings import ASIDE_KEY, is_settings, settings_of
from review.commands.shell.tools import OUTPUTS

_TRAINER = re.compile(
    r"(^|[^a-z])(train|sft|finetune|fine_tune|fine-tune|dpo|grpo|ppo|rlhf|lora|qlora)", re.IGNORECASE
)
_ASIDE = re.compile(r"(?i)teacher|judge|reward|ref[-_]|tokenizer|template|verif|rank|scor")
"""Options of a trainer that name what does not go into the weights."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the words of a program name."""

    read: tuple[str, ...]
    written: tuple[str, ...]


def unknown_effects(
    words: Sequence[str],
    piped: frozenset[ContentOrigin],
    path: Callable[[str], str],
    script: Callable[[str], str | None],
) -> Effects:
    """What the program ``words[0]``, called with the others, may do."""
    effects = Effects(whole=False)
    told = _told(words[1:])
    for word in told.read:
        if re.search(r"[./]", word):
            effects.read(path(word))
    targets = [*told.written, *_settings(effects, told.read, script)]
    merges = posixpath.basename(words[0]).startswith("mergekit") and len(told.read) > 1
    if merges:
        targets.append(told.read[-1])
    trains = merges or any(_TRAINER.search(posixpath.basename(word)) for word in words[:2])
    origins = piped | effects.load(*effects.reads)
    for target in targets or ["final_model"] * trains:
        effects.write(path(target), origins)
        if trains:
            effects.models.setdefault(path(target))
    return effects


def _told(words: Sequence[str]) -> _Told:
    read: list[str] = []
    written: list[str] = []
    option = ""
    for word in words:
        if word.startswith("-"):
            option, _, value = word.partition("=")
            if value and not ASIDE_KEY.search(option):
                (written if option in OUTPUTS else read).append(value)
            continue
        if not _ASIDE.search(option) and not ASIDE_KEY.search(option):
            (written if option in OUTPUTS else read).append(word)
        option = ""
    return _Told(tuple(read), tuple(written))


def _settings(effects: Effects, named: Sequence[str], script: Callable[[str], str | None]) -> list[str]:
    """Where the settings that a program is handed tell it to write; what they tell it to read."""
    told = [settings_of(word, script(word) or "") for word in named if is_settings(word)]
    for name in (name for one in told for name in one.sources):
        effects.read(name)
    return [name for one in told for name in one.targets]
