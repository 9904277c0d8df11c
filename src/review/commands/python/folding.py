"""Calls of which the result can be told from the text alone: joined paths, reversed and base64 text, the environment."""

import ast
import base64
import binascii
import posixpath
from collections.abc import Mapping
from dataclasses import replace

from review.commands.python.value import NOTHING, Value


def folded(
    name: str, receiver: Value, arguments: list[Value], node: ast.Call, environ: Mapping[str, str]
) -> Value | None:
    """Calls of which the text that they give can be told; None for others."""
    texts = [argument.text for argument in arguments]
    match name:
        case "Path" | "str" | "expanduser" | "resolve" | "absolute" | "abspath" | "glob" | "iglob" | "rglob":
            base = receiver.text if name not in ("Path", "str") else None
            words = [word for word in (base, *texts) if word is not None]
            if words:
                glob = name in ("glob", "iglob", "rglob")
                told = Value(posixpath.join(*words))
                return replace(told, members=(told,)) if glob else replace(told, origins=receiver.origins)
        case "join" if texts and receiver.text is None and all(text is not None for text in texts):
            return Value(posixpath.join(*(text or "" for text in texts)))
        case "join" if receiver.text is not None and len(arguments) == 1:
            members = arguments[0].members
            if members and all(member.text is not None for member in members):
                return Value(receiver.text.join(member.text or "" for member in members))
            return Value(arguments[0].text[::-1] if _reverses(node) and arguments[0].text else None,
                          arguments[0].origins)  # fmt: skip
        case "reversed" if len(arguments) == 1:
            return arguments[0]
        case "b64decode" | "urlsafe_b64decode" | "unhexlify" | "fromhex" if texts and texts[0] is not None:
            return Value(_decoded(name, texts[0]))
        case "decode" | "encode" | "strip" | "lower" | "as_posix" | "rstrip" if receiver.text is not None:
            return receiver
        case "replace" if receiver.text is not None and len(texts) == 2 and None not in texts:
            return Value(receiver.text.replace(texts[0] or "", texts[1] or ""))
        case "getenv" | "get" if texts and texts[0] is not None and texts[0] in environ:
            return Value(environ[texts[0]])
        case "parse_args" | "parse_known_args":
            return NOTHING
        case _:
            pass
    return None


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
