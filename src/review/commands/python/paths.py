"""Calls that give paths: of which folder, below which one, and which files a pattern or a walk goes over."""

import posixpath
from dataclasses import replace

from review.commands.python.call import Call
from review.commands.python.value import NOTHING, Value, union

SITE = "/usr/lib/python3/site-packages"
"""Where installed modules lie, for programs that ask Python for it."""
_ASKING_SITE = frozenset(
    {"getsitepackages", "getusersitepackages", "get_paths", "get_path", "get_python_lib"}
)
_PATTERNS = {"glob": "", "iglob": "", "rglob": "**/"}
_GOING_OVER = frozenset({"walk", "listdir", "scandir", "iterdir"})
_MAKING = frozenset({"Path", "PurePath", "str"})
_SAME = frozenset({"expanduser", "resolve", "absolute", "abspath"})


def folded_path(call: Call) -> Value | None:
    """The path that a call gives; a pattern for several. None where it gives no path, or none that can be told."""
    name, receiver = call.name, call.receiver
    texts = [argument.text for argument in call.arguments]
    folder = texts[0] if texts else receiver.text
    if name in _ASKING_SITE:
        return replace(
            Value(SITE), members=(Value(SITE),), fields=(("purelib", Value(SITE)), ("platlib", Value(SITE)))
        )
    if name in _GOING_OVER and folder is not None:
        return _gone_over(name, folder)
    if name not in _PATTERNS and name not in _MAKING and name not in _SAME:
        return None
    of = () if name in _MAKING else (receiver,)
    unknown = [value for value in (*of, *call.arguments) if value.text is None]
    if union(unknown).origins:
        return Value(
            origins=union(unknown).origins, members=tuple(m for value in unknown for m in value.members)
        )
    below = _PATTERNS.get(name, "")
    words = [*(one.text for one in of), *(f"{below}{text}" for text in texts if text is not None)]
    told = [word for word in words if word is not None]
    if not told:
        return None
    path = posixpath.join(*told)
    return _several(path) if name in _PATTERNS else Value(path, origins=receiver.origins)


def _gone_over(name: str, folder: str) -> Value:
    """What is in a folder: names below it, but bare ones by ``listdir``; triples by ``walk``."""
    if name == "walk":
        triple = (Value(posixpath.join(folder, "**")), NOTHING, _several("*"))
        return Value(members=(Value(members=triple),))
    return _several("*" if name == "listdir" else posixpath.join(folder, "*"))


def _several(pattern: str) -> Value:
    value = Value(pattern)
    return replace(value, members=(value,))
