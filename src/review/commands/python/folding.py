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

_LONGEST = 1 << 20
"""Characters of one text that is put together."""


def folded(  # a case for each kind of call
    call: Call, environ: Mapping[str, str]
) -> Value | None:
    """What a call gives, where its text can be told; None elsewhere."""
    name, receiver, arguments = call.name, call.receiver, call.arguments
    texts = [argument.text for argument in arguments]
    path = folded_path(call)
    if path is not None:
        return path
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
            kept = (
                posixpath.splitext(receiver.text)[0]
                if name == "with_suffix"
                else posixpath.dirname(receiver.text)
            )
            return Value(kept + texts[0] if name == "with_suffix" else posixpath.join(kept, texts[0]))
        case "getenv" | "get" if texts and texts[0] is not None and texts[0] in environ:
            return Value(environ[texts[0]])
        case "parse_args" | "parse_known_args":
            return NOTHING
        case _:
            pass
    return None


def combined(left: Value, op: ast.operator, right: Value) -> Value:
    """What an operator makes of two values: of texts and paths, their text too."""
    text = None
    if left.text is not None and right.text is not None:
        if isinstance(op, ast.Add):
            text = _put_together([left.text, right.text])
        elif isinstance(op, ast.Div):
            text = posixpath.join(left.text, right.text)
    return Value(text, left.origins | right.origins, members=(*left.members, *right.members)[:64])


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
