"""What a program leaves out by a condition: texts that it looks for before it goes on to the next file or row."""

import ast
from collections.abc import Callable, Iterator, Sequence

from review.commands.effects import ANYTHING, Effects
from review.commands.python.scope import Scope
from review.commands.python.value import Value

_LEAVING = ast.Continue | ast.Break | ast.Return | ast.Raise


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether what a condition holds for is left, not worked with."""
    return bool(body) and isinstance(body[-1], _LEAVING)


def note_condition(test: ast.expr, effects: Effects, scope: Scope, *, kept: bool) -> None:
    """Tell what is passed over, and by what files are chosen; ``kept``: what the test holds for is worked with."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            note_condition(operand, effects, scope, kept=not kept)
        case ast.BoolOp(values=values):
            for value in values:
                note_condition(value, effects, scope, kept=kept)
        case ast.Compare(ops=[ast.NotIn() | ast.NotEq()]):
            _note(test, effects, scope, kept=not kept)
        case _:
            _note(test, effects, scope, kept=kept)


def compared(test: ast.expr, value: Callable[[ast.expr], Value]) -> bool | None:
    """Whether a comparison of known texts holds; None where one is not known, or it is none."""
    match test:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            one, other = value(left).text, value(right)
            if one is None or "*" in one:
                return None
            if isinstance(op, ast.Eq | ast.NotEq) and other.text is not None:
                return (one == other.text) is isinstance(op, ast.Eq)
            holders = other.texts
            if (
                isinstance(op, ast.In | ast.NotIn)
                and holders
                and (other.text is not None or len(holders) == len(other.members))
            ):
                inside = one in other.text if other.text is not None else one in holders
                return inside is isinstance(op, ast.In)
        case ast.Call(
            func=ast.Attribute(value=inner, attr="startswith" | "endswith" as name), args=[argument]
        ):
            text, ends = value(inner).text, value(argument).texts
            if text is not None and ends and "*" not in text:
                return text.startswith(ends) if name == "startswith" else text.endswith(ends)
        case _:
            pass
    return None


def _note(test: ast.expr, effects: Effects, scope: Scope, *, kept: bool) -> None:
    names = [node.id for node in ast.walk(test) if isinstance(node, ast.Name)]
    texts = [n.value for n in ast.walk(test) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    texts += [text for name in names for text in _told(scope.get(name)) if "*" not in text]
    about_names = any("*" in text for name in names for text in scope.get(name).texts)
    if not kept:
        known = {one.attr if isinstance(one, ast.Attribute) else "" for one in _functions(test)}
        unclear = (
            not texts and any(isinstance(one, ast.Name) for one in _functions(test)) and not known - {""}
        )
        effects.spared.update(dict.fromkeys([*texts, *([ANYTHING] if unclear else [])]))
    elif about_names:
        effects.chosen.update(dict.fromkeys(texts))


def _functions(test: ast.expr) -> Iterator[ast.expr]:
    return (node.func for node in ast.walk(test) if isinstance(node, ast.Call))


def _told(value: Value) -> tuple[str, ...]:
    return (*value.texts, *(key for key, _ in value.fields))
