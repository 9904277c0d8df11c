"""The syntax tree of a program of the agent's."""

import ast
import warnings
from collections.abc import Iterator, Sequence


def parsed(text: str) -> ast.Module | None:
    """None for what is no Python, or more than the parser takes."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def targets_of(statement: ast.stmt) -> Sequence[ast.expr]:
    """What an assignment gives a value to; nothing for another statement."""
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return [target]
        case _:
            return []


def modules_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import gives, each with the module, or the thing in one, that it stands for."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            name = alias.name.partition(".")[0]
            yield name, name


def is_main(statement: ast.stmt) -> bool:
    """Whether it is what a module does only when it is run itself."""
    return isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)
