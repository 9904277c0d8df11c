"""Functions compared as syntax trees, statement by statement, without the names, docstrings and annotations in them.

A statement's *shape* names its variables by the order in which they come, so that renaming all of them changes nothing;
keywords, operators, constants, attributes and built-in names stay.
"""

import ast
import builtins
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LONGEST_SOURCE = 1 << 16
"""Characters; a tree takes a hundred times its text."""
_BUILT_IN = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_LEFT_OUT = frozenset(
    {"annotation", "returns", "decorator_list", "type_comment", "type_params", "kind", "ctx"}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, with those in it."""

    shape: str
    size: int
    """Syntax nodes."""
    inner: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Tree:
    """The body of a function, or statements without one."""

    statements: tuple[Statement, ...]
    names: tuple[str, ...]
    """Every name in it, in order of appearance."""
    code: ast.Module
    """Without docstrings."""

    @property
    def size(self) -> int:
        """Syntax nodes."""
        return sum(statement.size for statement in self.statements)

    @property
    def shapes(self) -> frozenset[str]:
        """Of all statements, also those in others."""
        return frozenset(statement.shape for statement in every(self.statements))


def every(statements: Sequence[Statement]) -> Iterator[Statement]:
    """These statements and all in them."""
    for statement in statements:
        yield statement
        yield from every(statement.inner)


def trees_of(source: str) -> list[Tree]:
    """The tree of each function in Python source, outermost ones only; of the source itself where it has none.

    Empty for what is no Python.
    """
    module = _parsed(source)
    if module is None:
        return []
    functions = list(_functions(module))
    bodies = [function.body for function in functions] or [module.body]
    return [tree for body in bodies if (tree := _tree(body)).statements]


def share(item: Tree, other: Tree, idioms: frozenset[str]) -> tuple[float, int]:
    """How much of ``item`` stands in ``other``, as a share of its nodes, and how many nodes that is without idioms."""
    known = other.shapes
    matched = telling = 0
    waiting = list(item.statements)
    while waiting:
        statement = waiting.pop()
        if statement.shape in known:
            matched += statement.size
            telling += 0 if statement.shape in idioms else statement.size
        else:
            waiting.extend(statement.inner)
    return matched / max(item.size, 1), telling


def _parsed(source: str) -> ast.Module | None:
    if len(source) > _LONGEST_SOURCE:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _functions(module: ast.Module) -> Iterator[_Function]:
    waiting: list[ast.stmt] = list(module.body)
    for node in waiting:
        if isinstance(node, _Function):
            yield node
        elif isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.With):
            waiting.extend(node.body)


def _tree(body: Sequence[ast.stmt]) -> Tree:
    bare = [_without_docstrings(node) for node in body if not _is_text(node)]
    code = ast.Module(bare, [])
    names = tuple(node.id if isinstance(node, ast.Name) else node.arg for node in ast.walk(code)
                  if isinstance(node, ast.Name | ast.arg))  # fmt: skip
    try:
        return Tree(tuple(_statement(node) for node in bare), names, code)
    except RecursionError:
        return Tree((), (), code)


def _is_text(node: ast.stmt) -> bool:
    """Whether it is a docstring, or a text that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _without_docstrings(node: ast.stmt) -> ast.stmt:
    for inner in ast.walk(node):
        if isinstance(inner, _Function):
            inner.body = [one for one in inner.body if not _is_text(one)] or [ast.Pass()]
    return node


def _statement(node: ast.stmt) -> Statement:
    words: list[str] = []
    _tell(node, {}, words)
    inner = tuple(
        _statement(one)
        for name in ("body", "orelse", "finalbody")
        for one in getattr(node, name, ())
        if isinstance(one, ast.stmt)
    )
    return Statement(" ".join(words), len(words), inner)


def _tell(node: ast.AST, names: dict[str, int], words: list[str]) -> None:
    """Append the shape of ``node``; ``names`` numbers the variables met so far."""
    match node:
        case ast.Name(id=name):
            words.append(name if name in _BUILT_IN else f"${names.setdefault(name, len(names))}")
        case ast.arg(arg=name):
            words.append(f"${names.setdefault(name, len(names))}")
        case ast.Constant(value=value):
            words.append(repr(value))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            _tell(ast.Assign([target], value), names, words)
        case _:
            words.append(type(node).__name__)
            for name, value in ast.iter_fields(node):
                if name not in _LEFT_OUT:
                    _tell_field(node, name, value, names, words)


def _tell_field(node: ast.AST, name: str, value: object, names: dict[str, int], words: list[str]) -> None:
    if isinstance(value, ast.AST):
        _tell(value, names, words)
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, ast.AST):
                _tell(part, names, words)
    elif isinstance(value, str):
        own = isinstance(node, _Function) and name == "name"
        words.append(f"${names.setdefault(value, len(names))}" if own else value)
