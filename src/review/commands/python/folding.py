"""Calls of which the result can be told from the text alone: joined paths, reversed and base64 text, the environment."""

import ast
import base64
import binascii
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from review.commands.python.call import Call
from review.commands.python.paths import folded_path
from review.commands.python.value import NOTHING, Value, union

_LONGEST_FILLED = 1000
_MOST_TEXTS = 64
_LONGEST = 1 << 20
"""Characters of one text that is put together."""


def folded(  # a case for each kind of call
    call: Call, environ: Mapping[str, str]
) -> Value | None:
    """What a call gives, where its text can be told; None elsewhere."""
    name, receiver, arguments = call.name, call.receiver, call.arguments
    texts = [argument.text for argument in arguments]
    told = folded_path(call) or _formatted(call) or _several_of(call)
    if told is not None:
        return told
    match name:
        case "join" if texts and receiver.text is None and all(text is not None for text in texts):
            return Value(posixpath.join(*(text or "" for text in texts)))
        case "join" if receiver.text is not None and len(arguments) == 1:
            members = arguments[0].members
            known = [member.text for member in members if member.text is not None]
            if members and len(known) == len(members):
                return Value(_put_together(known, receiver.text))
            return Value(arguments[0].text[::-1] if _reverses(call.node) and arguments[0].text else None,
                          arguments[0].origins)  # fmt: skip
        case "reversed" if len(arguments) == 1:
            return arguments[0]
        case "b64decode" | "urlsafe_b64decode" | "unhexlify" | "fromhex" if texts and texts[0] is not None:
            return Value(_decoded(name, texts[0]))
        case "decode" | "encode" | "strip" | "lower" | "as_posix" | "rstrip" if receiver.text is not None:
            return receiver
        case "replace" if receiver.text is not None and len(texts) == 2 and None not in texts:
            parts = receiver.text.split(texts[0]) if texts[0] else [receiver.text]
            return Value(_put_together(parts, texts[1] or ""))
        case "with_suffix" | "with_name" if receiver.text is not None and texts and texts[0] is not None:
            return Value(_renamed(name, receiver.text, texts[0]))
        case "getenv" | "get" if texts and texts[0] is not None and texts[0] in environ:
            return Value(environ[texts[0]])
        case "parse_args" | "parse_known_args":
            return NOTHING
        case _:
            pass
    return None


def _several_of(call: Call) -> Value | None:
    """What is made of several known values without a change of any: sorted, numbered, paired. None for another call."""
    first = call.arguments[0] if call.arguments else NOTHING
    if call.owner or not first.members:
        return None
    match call.name:
        case "sorted" | "list" | "tuple" | "set" | "iter":
            return first
        case "enumerate":
            return replace(
                first,
                members=tuple(Value(members=(NOTHING, one), origins=one.origins) for one in first.members),
            )
        case "zip" if all(value.members for value in call.arguments):
            pairs = zip(*(value.members for value in call.arguments), strict=False)
            return Value(
                origins=union(call.arguments).origins, members=tuple(Value(members=pair) for pair in pairs)
            )
        case _:
            return None


def combined(left: Value, op: ast.operator, right: Value) -> Value:
    """What an operator makes of two values: of texts and paths, their text too, and that of each that they may be."""
    origins = left.origins | right.origins
    if isinstance(op, ast.Mod) and left.text is not None and right.texts:
        return Value(_filled(left.text, ["%s"], right.texts, {}), origins)
    if left.text is not None and right.text is not None:
        return Value(_both(left.text, op, right.text), origins)
    if left.text is not None and right.texts:  # the folder of a file that a loop goes over
        texts = [_both(left.text, op, text) for text in right.texts[:_MOST_TEXTS]]
        return Value(origins=origins, members=tuple(map(Value, texts)))
    return Value(origins=origins, members=(*left.members, *right.members)[:_MOST_TEXTS])


def _both(left: str, op: ast.operator, right: str) -> str | None:
    if isinstance(op, ast.Add):
        return _put_together([left, right])
    return posixpath.join(left, right) if isinstance(op, ast.Div) else None


def joined(parts: Sequence[Value]) -> Value:
    """An f-string."""
    texts = [part.text for part in parts if part.text is not None]
    return Value(_put_together(texts) if len(texts) == len(parts) else None, union(parts).origins)


def sliced(value: Value, index: ast.Slice) -> Value:
    """``value[a:b:c]``: of texts, only what is read backwards is told."""
    backwards = isinstance(index.step, ast.UnaryOp) and isinstance(index.step.op, ast.USub)
    return replace(value, text=value.text[::-1] if value.text is not None and backwards else None)


def _put_together(texts: Sequence[str], between: str = "") -> str | None:
    """None for what a program doubles on and on."""
    size = sum(map(len, texts)) + len(between) * len(texts)
    return between.join(texts) if size <= _LONGEST else None


def _renamed(name: str, path: str, text: str) -> str:
    if name == "with_suffix":
        return posixpath.splitext(path)[0] + text
    return posixpath.join(posixpath.dirname(path), text)


def _formatted(call: Call) -> Value | None:
    """``PATTERN.format(…)``."""
    pattern = call.receiver.text
    if call.name != "format" or pattern is None:
        return None
    named = {f"{{{key}}}": value.text for key, value in call.keywords.items()}
    texts = [argument.text for argument in call.arguments]
    if None in (*texts, *named.values()):
        return None
    return Value(_filled(pattern, ["{}", *(f"{{{n}}}" for n in range(len(texts)))], texts, named))


def _filled(
    pattern: str, places: Sequence[str], texts: Sequence[str | None], named: Mapping[str, str | None]
) -> str | None:
    """A pattern with its places filled, as far as they are plain ones."""
    for place, text in (*zip(places[1:], texts, strict=False), *named.items()):
        pattern = pattern.replace(place, (text or place)[:_LONGEST_FILLED])
    for text in texts:
        pattern = pattern.replace(places[0], (text or "")[:_LONGEST_FILLED], 1)
    return pattern if len(pattern) <= _LONGEST else None


def _decoded(name: str, text: str) -> str | None:
    try:
        raw = (
            bytes.fromhex(text)
            if name in ("unhexlify", "fromhex")
            else base64.b64decode(text + "==", altchars=None)
        )
        return raw.decode()
    except (ValueError, binascii.Error):
        return None


def _reverses(node: ast.Call) -> bool:
    """``"".join(reversed(text))``."""
    [argument] = node.args
    return (
        isinstance(argument, ast.Call)
        and isinstance(argument.func, ast.Name)
        and argument.func.id == "reversed"
    )
