"""Whom a program may call, by its text: the strings that it holds, sorted by what it does with them.

An address that a program compares with, prints or refuses is not called; one that it listens at is its own. What is left
is what it calls with. Strings are put together first where that takes no running.
"""

import ast
import base64
import binascii
import codecs
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from review.commands.python.constants import strings

_LISTENS = re.compile(r"(?i)(server|bind|listen|serve|run_app|tcpsite|serve_forever)$")
_RUNS = re.compile(
    r"^(uvicorn|hypercorn|waitress|app|web|server|flask|api|mcp|asgi|application)$", re.IGNORECASE
)
_LISTENS_IN_TEXT = re.compile(r"(?i)\b\.?(listen|bind|serve|createServer)\s*\([^()]*\)")
_SAYS = frozenset(
    {"print", "info", "debug", "warning", "warn", "error", "exception", "log", "critical", "exit", "fail",
     "startswith", "endswith", "match", "search", "fullmatch", "findall", "compile", "sub", "count", "index", "find",
     "ArgumentParser", "skip", "assertEqual", "assertNotIn", "RuntimeError", "ValueError", "SystemExit"}
)  # fmt: skip
"""Functions that are given a text to tell or to look for it."""
_ASIDE = re.compile(
    r"(?i)^(no_proxy|master_addr|help|description|epilog|gloo_\w+|ray_\w+|wandb_\w+|mlflow_\w+)$"
)
"""Names under which an address is not that of a model."""
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_COMMENTS = re.compile(r"(?m)(^|\s)(#|//)(?!\w+['\"]).*$")
_MOST_WORDS = 4096


@dataclass(slots=True)
class Addressed:
    """The strings of one program."""

    given: list[str] = field(default_factory=list)
    """What it may call with."""
    host_headers: list[str] = field(default_factory=list)
    """What it names as the host that a request is meant for."""
    listens: bool = False
    """It serves others."""


def addressed(text: str) -> Addressed:
    """The strings of a program, or of another text that is read as one."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
        sorting = _Sorting(tree)
        kept = ast.fix_missing_locations(sorting.visit(tree))
        told = Addressed(strings(ast.unparse(kept)), sorting.host_headers, sorting.listens)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        plain = _COMMENTS.sub("", text)
        listening = _LISTENS_IN_TEXT.sub("", plain)
        told = Addressed([listening, *unpacked(listening)], listens=listening != plain)
        told.host_headers += re.findall(r"(?i)\bhost['\"]?\s*[:,]\s*['\"]?([\w.-]+)", plain)
    return told


def unpacked(text: str) -> list[str]:
    """What base64 words of a text hold, where that is text."""
    found = []
    for word in _PACKED.findall(text)[:_MOST_WORDS]:
        try:
            raw = base64.b64decode(word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4), altchars=b"-_")
            found.append(raw.decode("ascii"))
        except (ValueError, binascii.Error):
            continue
    return [one for one in found if one.isprintable()]


class _Sorting(ast.NodeTransformer):
    """Takes out what is not called, and puts constants together on the way."""

    def __init__(self, tree: ast.Module) -> None:
        self.host_headers: list[str] = []
        self.listens = False
        self._known = _constants(tree)
        self._served = _served_names(tree)
        self._used = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return ast.Constant(None) if isinstance(node.elt, ast.Compare) else self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        return ast.Pass() if all(map(_only_refuses, node.body)) else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        return self._called_in([node.left, *node.comparators])

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        return ast.Expr(self._called_in([node.test]))

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return ast.Expr(self._called_in([node.exc] if node.exc else []))

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if isinstance(node.value, ast.Constant):
            return ast.Pass()
        changed = self.generic_visit(node)
        assert isinstance(changed, ast.stmt)
        return changed

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in (self._served | self._known.keys() & self._used):
            return ast.Pass()  # what is put where the name stands
        if isinstance(target, ast.Subscript) and _is_aside(target.slice):
            return ast.Pass()
        changed = self.generic_visit(node)
        assert isinstance(changed, ast.stmt)
        return changed

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg and _ASIDE.match(node.arg):
            return ast.keyword(node.arg, ast.Constant(None))
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        changed = self.generic_visit(node)
        assert isinstance(changed, ast.Dict)
        for key, value in zip(changed.keys, changed.values, strict=True):
            if isinstance(key, ast.Constant) and str(key.value).lower() in ("host", ":authority"):
                self.host_headers += strings(f"host = {ast.unparse(value)}")
        return changed

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = self._known.get(node.id)
        return known if known is not None and isinstance(node.ctx, ast.Load) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        changed = self.generic_visit(node)
        match changed:
            case ast.BinOp(left=ast.Constant(value=str() as left), op=ast.Mod(), right=right):
                values = right.elts if isinstance(right, ast.Tuple) else [right]
                if all(isinstance(value, ast.Constant) for value in values):
                    told = tuple(value.value for value in values if isinstance(value, ast.Constant))
                    return _made(lambda: left % told) or changed
            case _:
                pass
        return changed

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name, owner = _called(node)
        if name in _SAYS:
            return self._called_in([*node.args, *(keyword.value for keyword in node.keywords)])
        if _LISTENS.search(name):
            self.listens = True
            return ast.Constant(None)
        if name == "run" and _RUNS.match(owner):
            self.listens = True
            return ast.Constant(None)
        changed = self.generic_visit(node)
        assert isinstance(changed, ast.Call)
        if name == "putheader" and len(changed.args) > 1 and _text(changed.args[0]).lower() == "host":
            self.host_headers.append(_text(changed.args[1]))
        return _folded(changed, name) or changed

    def _called_in(self, nodes: Iterable[ast.expr]) -> ast.expr:
        """Only those of the expressions in which something is called."""
        calls = [node for node in nodes if any(isinstance(one, ast.Call) for one in ast.walk(node))]
        return ast.Tuple([self.visit(node) for node in calls], ast.Load())


def _only_refuses(node: ast.stmt) -> bool:
    match node:
        case ast.Assert() | ast.Raise() | ast.Pass() | ast.Continue():
            return True
        case ast.If(body=body, orelse=orelse):
            return all(map(_only_refuses, [*body, *orelse]))
        case _:
            return False


def _is_aside(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and _ASIDE.match(str(node.value)) is not None


def _called(node: ast.Call) -> tuple[str, str]:
    """The function's name, and the name that it is an attribute of."""
    match node.func:
        case ast.Name(id=name):
            return name, ""
        case ast.Attribute(attr=name, value=ast.Name(id=owner)):
            return name, owner
        case ast.Attribute(attr=name):
            return name, ""
        case _:
            return "", ""


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that are bound once, to texts or lists of texts."""
    bound: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    bound.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.arg):
            bound.setdefault(node.arg, []).extend([ast.Constant(None)] * 2)
    return {
        name: values[0]
        for name, values in bound.items()
        if len(values) == 1 and all(_is_text(one) for one in _members(values[0]))
    }


def _members(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) and node.elts else [node]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _served_names(tree: ast.Module) -> frozenset[str]:
    """Names that are used to listen at and for nothing else."""
    served: list[ast.Name] = []
    every: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _LISTENS.search(_called(node)[0]):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            served += [name for one in arguments for name in ast.walk(one) if isinstance(name, ast.Name)]
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            every[node.id] = every.get(node.id, 0) + 1
    counts: dict[str, int] = {}
    for name in served:
        counts[name.id] = counts.get(name.id, 0) + 1
    return frozenset(name for name, count in counts.items() if count >= every.get(name, 0))


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _folded(node: ast.Call, name: str) -> ast.expr | None:
    """The constant that a call of constants gives."""
    on = node.func.value if isinstance(node.func, ast.Attribute) else None
    texts = [_text(one) for one in node.args]
    match name:
        case "format" if on is not None and _text(on) and all(texts) and not node.keywords:
            return _made(lambda: _text(on).format(*texts))
        case "replace" if on is not None and _text(on) and len(texts) == 2:
            return _made(lambda: _text(on).replace(texts[0], texts[1]))
        case "decode" | "encode" if len(texts) == 2 and texts[1].lower().replace("_", "") in (
            "rot13",
            "rot-13",
        ):
            return _made(lambda: codecs.encode(texts[0], "rot13"))
        case "bytes" | "bytearray" if len(node.args) == 1:
            return _of_numbers(node.args[0])
        case "map" if len(node.args) == 2 and isinstance(node.args[0], ast.Name) and node.args[0].id == "chr":
            return _of_numbers(node.args[1])
        case "join" if on is not None and isinstance(on, ast.Constant) and len(texts) == 1 and texts[0]:
            return _made(lambda: str(on.value).join(texts[0]))
        case _:
            return None


def _of_numbers(node: ast.expr) -> ast.expr | None:
    """The text of the characters with these numbers."""
    numbers = [
        one.value for one in _members(node) if isinstance(one, ast.Constant) and isinstance(one.value, int)
    ]
    if len(numbers) < 2 or len(numbers) != len(_members(node)):
        return None
    return _made(lambda: "".join(map(chr, numbers)))


def _made(make: Callable[[], str]) -> ast.Constant | None:
    try:
        return ast.Constant(make())
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None
