"""What a program's argparse options are, called with certain words."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace

from review.commands.python.value import Value, text_of


def bound_options(tree: ast.Module, argv: Sequence[str]) -> dict[str, Value]:
    """Values by destination: what ``argv`` gives, else the defaults that are constants."""
    declared = _Options()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "add_argument"
        ):
            declared.declare(node)
    return declared.bind(argv)


class _Options:
    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._positionals: list[tuple[str, bool]] = []
        self._flags: dict[str, str] = {}

    def declare(self, call: ast.Call) -> None:
        names = [text for text in map(_constant, call.args) if text is not None]
        if not names:
            return
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        destination = names[-1].lstrip("-").replace("-", "_")
        if not names[0].startswith("-"):
            self._positionals.append((destination, "nargs" in keywords))
        elif "action" not in keywords:
            self._flags.update(dict.fromkeys(names, destination))
        default = _default(keywords.get("default"))
        if default is not None:
            self._values.setdefault(destination, Value(default))

    def bind(self, argv: Sequence[str]) -> dict[str, Value]:
        words, positional = list(argv), 0
        given: dict[str, list[str]] = {}
        while words:
            word = words.pop(0)
            flag, equals, value = word.partition("=")
            if flag in self._flags:
                given.setdefault(self._flags[flag], []).append(
                    value if equals else words.pop(0) if words else ""
                )
            elif not word.startswith("-") and self._positionals:
                name, many = self._positionals[min(positional, len(self._positionals) - 1)]
                given.setdefault(name, []).append(word)
                positional += not many
        return {**self._values, **{name: _many(texts) for name, texts in given.items()}}


def _many(texts: Iterable[str]) -> Value:
    members = tuple(Value(text) for text in texts)
    return replace(members[0], members=members)


def _default(node: ast.expr | None) -> str | None:
    """A constant, or the constant that ``Path`` is called with."""
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return _constant(node.args[0])
    return _constant(node)


def _constant(node: ast.expr | None) -> str | None:
    return text_of(node.value) if isinstance(node, ast.Constant) else None
