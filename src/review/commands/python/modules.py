"""The agent's own modules that a program imports."""

import ast
from collections.abc import Callable, Iterator

from review.commands.python.syntax import parsed

_MOST = 12
_NOT_FOLLOWED = frozenset({"evaluate"})
"""What the benchmark reads and writes is no flow of the agent's."""
_BY_NAME = frozenset({"import_module", "__import__", "run_module"})


def imported_trees(tree: ast.Module, text_of: Callable[[str], str | None]) -> tuple[ast.Module, ...]:
    """The modules of known text that ``tree`` and they themselves import; what is imported first stands first."""
    found: dict[str, ast.Module] = {}
    _collect(tree, text_of, found, depth=0)
    return tuple(found.values())


def _collect(
    tree: ast.Module, text_of: Callable[[str], str | None], found: dict[str, ast.Module], depth: int
) -> None:
    for name in _imported(tree):
        path = name.replace(".", "/") + ".py"
        if path in found or name in _NOT_FOLLOWED or len(found) >= _MOST or depth > _MOST:
            continue
        module = parsed(text_of(path) or "")
        if module is not None and module.body:
            found[path] = module
            _collect(module, text_of, found, depth + 1)
            found[path] = found.pop(path)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield from [module] if module else []
                yield from (f"{module}.{alias.name}" if module else alias.name for alias in names)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(told)), *_]
            ) if name in _BY_NAME:
                yield told
            case _:
                pass
