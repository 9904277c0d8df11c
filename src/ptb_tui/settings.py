"""The reviewer's own keys and theme: ``app.toml`` in the platform's configuration folder, or ``$PTB_CONFIG``.

::

    theme = "light"              # dark, light, contrast

    [keys]
    replay.play = "p"
    case.accept = ["A", "ctrl+a"]

A line that cannot be followed is left out and told with its number and the reason; the app starts all the same.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label, parse_key
from ptb_tui.actions.registry import ACTIONS
from ptb_tui.theme import PALETTES
from store.plain import plain

VARIABLE = "PTB_CONFIG"
NAME = "app.toml"
_MOST_BYTES = 1 << 20
_TABLE = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?$")
_ENTRY = re.compile(
    r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds instead of the defaults."""

    file: Path | None = None
    """Where it was looked for."""
    theme: str | None = None
    """A name in :data:`PALETTES`."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Action id → its keys, as Textual names them; no two actions of one screen have the same."""
    faults: tuple[str, ...] = ()
    """What was left out: file, line and reason."""


def settings_file() -> Path:
    """Where the settings are, whether or not there are any."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("ptb", appauthor=False) / NAME


def read_settings() -> Settings:
    """The reviewer's settings; the defaults, with the reason, where the file cannot be read."""
    file = settings_file()
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Settings(file)
    except OSError as error:
        return Settings(file, faults=(f"{file}: {error.strerror}",))
    if len(data) > _MOST_BYTES:
        return Settings(file, faults=(f"{file}: too large for settings",))
    return parse_settings(data.decode(errors="replace"), file)


def parse_settings(text: str, file: Path) -> Settings:
    """The settings that ``text`` holds."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(file, faults=(f"{file.name}: {plain(str(error))}; none of it is used",))
    reading = _Reading(file, _lines(text))
    theme = reading.theme(document.pop("theme", None))
    keys = reading.keys(document.pop("keys", {}))
    for name in document:
        reading.fault(name, f"{name} is no setting: there are theme and [keys]")
    return Settings(file, theme, MappingProxyType(keys), tuple(reading.told()))


class _Reading:
    """Keeps what is wrong, by line."""

    def __init__(self, file: Path, lines: Mapping[str, int]) -> None:
        self._file = file
        self._lines = lines
        self._faults: list[tuple[int, str]] = []

    def fault(self, name: str, reason: str) -> None:
        """The setting called ``name`` is left out."""
        line = self._lines.get(name) or next(
            (at for key, at in self._lines.items() if key.startswith(f"{name}.")), 0
        )
        where = f"{self._file.name}, line {line}" if line else self._file.name
        self._faults.append((line, f"{where}: {plain(reason)}"))

    def told(self) -> Iterator[str]:
        """Everything that was left out, from the top."""
        yield from (reason for _, reason in sorted(self._faults))

    def theme(self, value: object) -> str | None:
        """The name of a palette."""
        names = {name.removeprefix("ptb-"): name for name in PALETTES}
        if value is None:
            return None
        if isinstance(value, str) and value in names:
            return names[value]
        self.fault("theme", f"{value!r} is no theme: there are {', '.join(names)}")
        return None

    def keys(self, table: object) -> dict[str, tuple[str, ...]]:
        """The keys of actions, without those that would make a key mean two things."""
        if not isinstance(table, dict):
            self.fault("keys", "keys is a table: [keys], then a line an action")
            return {}
        known = {action.id: action for action in ACTIONS}
        chosen: dict[str, tuple[str, ...]] = {}
        for name, value in _flat(table):
            action = known.get(name)
            if action is None:
                self.fault(f"keys.{name}", f"{name} is no action: docs/keys.md names them")
            elif "{key}" in action.call:
                self.fault(f"keys.{name}", f"{name} stays with its keys: each stands for itself")
            elif (keys := self._parsed(name, value)) is not None:
                chosen[name] = keys
        for name, reason in _clashes(chosen, lambda name: self._lines.get(f"keys.{name}", 0)):
            self.fault(f"keys.{name}", reason)
        return chosen

    def _parsed(self, name: str, value: object) -> tuple[str, ...] | None:
        listed = value if isinstance(value, list) else [value]
        words = [word for word in listed if isinstance(word, str)]
        if not listed or len(words) < len(listed):
            self.fault(f"keys.{name}", f'{name} needs a key in quotes, or several: ["a", "ctrl+a"]')
            return None
        parsed = {word: parse_key(word) for word in words}
        for word, key in parsed.items():
            if key is None:
                self.fault(f"keys.{name}", f"{name}: {word!r} is no key that a terminal sends")
                return None
        return tuple(dict.fromkeys(key for key in parsed.values() if key is not None))


def _clashes(chosen: dict[str, tuple[str, ...]], line_of: Callable[[str], int]) -> Iterator[tuple[str, str]]:
    """Takes what clashes out of ``chosen``, the later line first, until no key means two things on one screen."""
    while found := _clash(chosen):
        pair, key, scope = found
        name = max((one for one in pair if one.id in chosen), key=lambda one: line_of(one.id)).id
        other = next(one for one in pair if one.id != name)
        del chosen[name]
        yield name, f"{name}: {key_label(key)} is already “{other.title}” ({other.id}) in {scope.value}"


def _clash(chosen: Mapping[str, tuple[str, ...]]) -> tuple[tuple[Action, Action], str, Scope] | None:
    everywhere = [action for action in ACTIONS if action.scope is Scope.EVERYWHERE]
    for scope in Scope:
        owner: dict[str, Action] = {}
        here = [] if scope is Scope.EVERYWHERE else [one for one in ACTIONS if one.scope is scope]
        for action in (*everywhere, *here):
            for key in chosen.get(action.id, action.keys):
                if key in owner and owner[key] is not action:
                    return (owner[key], action), key, scope
                owner[key] = action
    return None


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """``case.accept`` is a table in a table to TOML."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _lines(text: str) -> dict[str, int]:
    """Dotted name → the line where it stands; the parser of the standard library does not tell."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _TABLE.match(line):
            table = f"{_dotted(heading[1])}."
            found.setdefault(table[:-1], number)
        elif entry := _ENTRY.match(line):
            found.setdefault(table + _dotted(entry[1]), number)
    return found


def _dotted(name: str) -> str:
    return re.sub(r"[\s\"']", "", name)
