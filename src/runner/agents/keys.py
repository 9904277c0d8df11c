"""Credentials on their way to an agent: from the environment or a file, into its own environment, never written down."""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recorder.redact import MIN_SECRET
from store.errors import BadInput

_TOO_OPEN = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials by variable; their values are in no ``repr``."""

    values: Mapping[str, str] = field(repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """What a recording must not hold."""
        return frozenset(self.values.values())


def find_keys(names: Iterable[str], environment: Mapping[str, str], file: Path | None) -> Keys:
    """The credentials called ``names`` that ``file`` holds, else ``environment``; others are left where they are.

    Raises :class:`BadInput` for a file that cannot be read or that others may read, and for a value that could not
    be told from ordinary text when it has to be redacted.
    """
    kept = _read(file) if file else {}
    found = {name: value for name in names if (value := kept.get(name) or environment.get(name))}
    for name, value in found.items():
        if len(value.strip()) < MIN_SECRET or not value.isprintable():
            raise BadInput(
                f"{name} is no key: at least {MIN_SECRET} printable characters are needed to redact it"
            )
    return Keys(found)


def _read(file: Path) -> dict[str, str]:
    """Lines ``NAME=VALUE``, as for a shell or ``docker --env-file``; ``export`` and quotes may stand around them."""
    try:
        if file.stat().st_mode & _TOO_OPEN:
            raise BadInput(f"{file} is open to others: chmod 600 {file}")
        lines = file.read_text().splitlines()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text") from None
    values: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ").lstrip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise BadInput(f"{file}, line {number}: no NAME=VALUE")
        value = value.strip()
        values[name] = (
            value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
        )
    return values
