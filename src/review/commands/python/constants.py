"""The strings that a program holds, put together and decoded where that takes no running."""

import ast
import re
from dataclasses import replace

from review.commands.python.call import Call
from review.commands.python.folding import combined, folded, sliced
from review.commands.python.syntax import parsed
from review.commands.python.value import NOTHING, Value, text_of

_DEEPEST = 8
_GAP = Value("\0")
"""In an f-string, a part that is not known."""


def strings(text: str) -> list[str]:
    """The strings of a Python program as it would hold them; comments and documentation are not among them.

    Of what is no Python, the text without its comments.
    """
    tree = parsed(text)
    if tree is None:
        return [re.sub(r"(?m)(^|\s)(#|//).*$", "", text)]
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = (
        _constant(node).text
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and id(node) not in documentation
    )
    return [one for one in found if one]


def _constant(node: ast.expr, depth: int = 0) -> Value:
    """The value of an expression of constants."""
    if depth > _DEEPEST:
        return NOTHING

    def inner(part: ast.expr) -> Value:
        return _constant(part, depth + 1)

    match node:
        case ast.Constant(value=value):
            return Value(text_of(value))
        case ast.FormattedValue(value=value):
            return inner(value)
        case ast.JoinedStr(values=parts):
            texts = [inner(part).text for part in parts]
            return Value("".join("\0" if text is None else text for text in texts))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return Value(members=tuple(map(inner, elements)))
        case ast.BinOp(left=left, op=ast.Add() as op, right=right):
            return replace(combined(inner(left), op, inner(right)), members=())
        case ast.Subscript(value=value, slice=ast.Slice() as index):
            return sliced(inner(value), index)
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=arguments):
            handed = tuple(map(inner, arguments))
            return folded(Call(node, name, inner(value), handed, {}), {}) or NOTHING
        case _:
            return NOTHING
