"""What a settings file names: recipes and configurations stand between a program and the names of its data.

A program that reads ``recipe.yaml`` and loads what it says has the names of its sources and of its output from there. What
stands under keys of evaluation, or of what is to be kept out, is no source.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from review.commands.effects import Effects, How, Transfer

ASIDE_KEY = re.compile(
    r"(?i)(^|[_\W])(eval\w*|valid\w*|val|tests?|testing|dev|held_?out|exclu\w*|deny\w*|skip\w*|block\w*|avoid\w*|remov\w*|"
    r"decontam\w*|contamin\w*|overlap\w*|against|forbid\w*|never|holdout|benchmarks?)([_\W]|$)"
)
"""Keys and options of what is evaluated with, compared with, or kept out."""
_SETTINGS = re.compile(r"\.(ya?ml|toml|json|ini|cfg|conf|env)$")
_LONGEST = 1 << 16
_OUTPUT_KEY = re.compile(r"(?i)(^|_)(out|output|outputs|save|dest|destination|target|write)(_|$)")
_NAME = re.compile(
    r"^[\w.~@-]*/[\w./@*-]+$|\.(jsonl?|csv|tsv|parquet|arrow|txt|gz|zip|pkl|db|safetensors|bin)$"
)
_YAML_LINE = re.compile(
    r"^(?P<indent>\s*)(?P<marks>(?:-\s+)*)(?:(?P<key>[\w.\"'-]+)\s*[:=](?:\s+|$))?(?P<value>.*?)\s*(?:\s#.*)?$"
)
_INLINE = re.compile(r"[^\s\[\]{},\"']+")
_SPLIT_KEYS = frozenset({"split", "splits", "dataset_split", "subset_split"})
_TOLD = "<told by {}>"
_TOLD_NAME = re.compile(r"^<told by (.*)>$", re.DOTALL)

_Entry = tuple[tuple[str, ...], str]
"""A value with the keys above it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The names in a settings file."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


def is_settings(name: str) -> bool:
    """Whether a file of that name may hold settings."""
    return _SETTINGS.search(name) is not None


def told_by(names: frozenset[str]) -> str | None:
    """What a program writes to whose name it has from a settings file among ``names``."""
    known = sorted(name for name in names if is_settings(name))
    return _TOLD.format(known[0]) if len(known) == 1 else None


def settings_of(name: str, text: str) -> Settings:
    """The names in the settings file ``name``; none in what cannot be read."""
    entries = list(_entries(name, text)) if len(text) <= _LONGEST else []
    sources: dict[str, None] = {}
    targets: dict[str, None] = {}
    splits = {keys[:-1]: value for keys, value in entries if keys and keys[-1] in _SPLIT_KEYS}
    for keys, value in entries:
        if not _NAME.search(value) or (keys and keys[-1] in _SPLIT_KEYS):
            continue
        if any(_OUTPUT_KEY.search(key) for key in keys[-1:]):
            targets.setdefault(value)
        elif not any(ASIDE_KEY.search(key) for key in keys):
            split = splits.get(keys[:-1], "")
            for one in split.split("+"):
                sources.setdefault(f"{value}#{one.partition('[')[0].strip()}" if one else value)
    return Settings(tuple(sources), tuple(targets))


def with_settings(effects: Effects, text_of: Callable[[str], str | None]) -> None:
    """Put the names that the settings files of a program tell of in the places where it uses them."""
    known = {
        name: settings_of(name, text)
        for name in effects.reads
        if is_settings(name) and (text := text_of(name))
    }
    transfers = list(effects.transfers)
    effects.transfers.clear()
    for one in transfers:
        told = _TOLD_NAME.match(one.target)
        targets = [one.target] if told is None else list(known[told[1]].targets) if told[1] in known else []
        sources = [one.source]
        if one.source in known and one.how is How.VALUE:
            sources += known[one.source].sources
        for source in sources:
            for target in targets:
                effects.transfers.setdefault(Transfer(source, target, one.how))
    for names in (effects.reads, effects.writes, effects.contents):
        for name in [name for name in names if _TOLD_NAME.match(name)]:
            del names[name]
    for one in effects.transfers:
        effects.writes.setdefault(one.target)
    for settings in known.values():
        for name in settings.sources:
            effects.read(name)


def _entries(name: str, text: str) -> Iterator[_Entry]:
    try:
        if name.endswith(".json"):
            yield from _flat(json.loads(text), ())
        elif name.endswith(".toml"):
            yield from _flat(tomllib.loads(text), ())
        else:
            yield from _lines(text)
    except (ValueError, RecursionError):
        return


def _flat(value: object, keys: tuple[str, ...]) -> Iterator[_Entry]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(inner, (*keys, str(key)))
        case list():
            for number, inner in enumerate(value):
                yield from _flat(inner, (*keys, f"#{number}"))
        case str():
            yield keys, value
        case _:
            pass


def _lines(text: str) -> Iterator[_Entry]:
    """YAML, INI and ``KEY=value`` as far as lines, their indentation and brackets tell."""
    above: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines()):
        if section := re.match(r"^\[(.+)\]\s*$", line):
            above = [(-1, section[1])]
            continue
        found = _YAML_LINE.match(line)
        if found is None or not line.strip() or line.lstrip().startswith("#"):
            continue
        depth = len(found["indent"])
        while above and (above[-1][0] > depth or (above[-1][0] == depth and not found["marks"])):
            above.pop()
        if found["marks"]:
            while above and above[-1][0] >= depth and above[-1][1].startswith("#"):
                above.pop()
            above.append((depth, f"#{number}"))
            depth += len(found["marks"])
        key = (found["key"] or "").strip("\"'")
        keys = tuple(name for _, name in above) + ((key,) if key else ())
        value = found["value"].strip()
        if not value and key:
            above.append((depth, key))
        for part in _INLINE.findall(value) if value[:1] in "[{" else [value.strip("\"'")]:
            yield keys, part
