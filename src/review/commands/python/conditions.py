"""What a program leaves out by a condition: texts that it looks for before it goes on to the next file or row."""

import ast
from collections.abc import Iterator, Sequence

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
