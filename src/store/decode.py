"""Turn parsed JSON back into the frozen dataclass it was written from, checking every value on the way.

Records on disk may be old, newer, or edited by hand: unknown keys are ignored (a newer minor version wrote
them), missing keys take the field's default, and anything else that does not fit raises ``ValueError`` with
the path of the value.
"""

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_hints = cache(get_type_hints)


def decode(record: type[T], value: object, where: str = "record") -> T:
    """``value`` as a ``record``: a dataclass of scalars, enums, optionals, tuples and such dataclasses."""
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no JSON object")
    assert is_dataclass(record)
    arguments: dict[str, Any] = {}
    for field in fields(record):
        if field.name in value:
            arguments[field.name] = _value(
                _hints(record)[field.name], value[field.name], f"{where}.{field.name}"
            )
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{where} lacks {field.name}")
    return record(**arguments)


def _value(hint: Any, value: object, where: str) -> object:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _optional(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} is no array")
        item = get_args(hint)[0]
        return tuple(_value(item, part, f"{where}[{index}]") for index, part in enumerate(value))
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            raise ValueError(f"{where} is {value!r}, not one of {', '.join(hint)}") from None
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return decode(hint, value, where)
    return _scalar(hint, value, where)


def _optional(hint: Any, value: object, where: str) -> object:
    inner = [part for part in get_args(hint) if part is not NoneType]
    assert len(inner) == 1, f"{where}: only `T | None` is decoded"
    return None if value is None else _value(inner[0], value, where)


def _scalar(hint: Any, value: object, where: str) -> object:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{where} is {type(value).__name__}, not {hint.__name__}")
    return value
