"""Whether a program that trains only measures with some data: no value of it gets into what it trains on.

A trainer that loads the test split to tell its loss at the end reads evaluation data and writes weights, and trains on none of
it. Told by the text alone: which names hold the data, and whether any of them gets to a call or a loop that trains.
"""

import ast
import posixpath
import re
import warnings
from collections.abc import Iterable, Iterator

_MEASURES = re.compile(
    r"(?i)(^|_)(eval\w*|valid\w*|val|test\w*|dev|held_?out|metrics?|compute_metrics|monitor|references?)(_|$)"
)
"""Names of arguments for data that is measured with."""
_TRAINS = re.compile(
    r"(?i)trainer$|^(fit|fit_transform|partial_fit|train|train_model|train_on_batch|train_epoch|train_step|training_step|fine_?tune|sft|"
    r"get_peft_model|prepare_train\w*)$"
)
_TRAINED_ON = re.compile(r"(?i)train")
_STEPS = frozenset({"backward", "step", "apply_gradients", "train_on_batch", "train_step", "training_step"})
_JOINS = frozenset({"extend", "append", "update", "add", "insert", "appendleft"})
_SAVES = frozenset(
    {
        "dump",
        "to_json",
        "to_csv",
        "to_parquet",
        "save_to_disk",
        "write",
        "writelines",
        "write_text",
        "writerows",
    }
)
_SPLITS = frozenset({"train", "test", "validation", "dev", "val", "all", "train+test"})
_ROUNDS = 12


def measures_only(code: str, source: str) -> bool:
    """Whether the program with that text does nothing but measure with ``source`` (a path, or ``owner/name#split``).

    False where it cannot be told which of its names hold that data.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code)
        _part_scopes(tree)
        return _Uses(tree, source).only_measured()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


class _Uses:
    """Where the names of one program that hold the data go."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self._tree = tree
        plain, _, self._split = source.partition("#")
        self._texts = {plain, posixpath.basename(plain)}
        self._holding: set[str] = set()
        self._whole: set[str] = set()
        """Names of the dataset with all its splits."""
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._bindings = list(_bindings(tree))
        self._steps = set(_STEPS)
        for _ in self._functions:
            self._steps |= {
                name for name, node in self._functions.items() if self._steps & _calls_in(node.body)
            }

    def only_measured(self) -> bool:
        for _ in range(_ROUNDS):
            before = len(self._holding) + len(self._whole)
            for target, value in self._bindings:
                if self._split and self._is_whole(value):
                    self._whole.update(_names(target))
                elif self._holds(value):
                    self._holding.update(_names(target))
            for node in ast.walk(self._tree):
                if isinstance(node, ast.Call):
                    self._handed_over(node)
            if len(self._holding) + len(self._whole) == before:
                break
        return bool(self._holding or self._whole) and not any(
            self._trains(node) for node in ast.walk(self._tree)
        )

    def _holds(self, node: ast.expr) -> bool:
        """Whether the value of an expression may have the data in it; what is measured with it has not."""
        match node:
            case ast.Name(id=name):
                return name in self._holding or name in self._whole
            case ast.Constant():
                return False
            case ast.Compare():
                return False
            case ast.Subscript(value=inner, slice=ast.Constant(value=str() as key)) if self._is_whole(inner):
                return key == self._split
            case ast.Call():
                if self._loads(node):
                    return True
                name = _called(node)
                if name in self._functions:
                    return any(
                        self._holds(one.value)
                        for one in ast.walk(self._functions[name])
                        if isinstance(one, ast.Return) and one.value
                    )
                if name in (
                    "len",
                    "sum",
                    "mean",
                    "evaluate",
                    "generate",
                    "predict",
                    "print",
                    "score",
                    "item",
                ):
                    return False
                return any(self._holds(one) for one in _parts(node))
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                return self._holds(element)
            case _:
                return any(
                    self._holds(one) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)
                )

    def _loads(self, node: ast.Call) -> bool:
        told = [
            one.value
            for one in ast.walk(node)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if not any(text in self._texts or posixpath.basename(text) in self._texts for text in told if text):
            return False
        return not self._split or self._split in told

    def _is_whole(self, node: ast.expr) -> bool:
        """Whether an expression is the dataset with all its splits."""
        match node:
            case ast.Name(id=name):
                return name in self._whole
            case ast.Call():
                told = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
                named = bool(told & self._texts) and not told & _SPLITS
                return named or any(map(self._is_whole, _parts(node)))
            case _:
                return False

    def _handed_over(self, node: ast.Call) -> None:
        """What a call puts into other names: arguments of functions, members of lists."""
        name = _called(node)
        if name in _JOINS and isinstance(node.func, ast.Attribute) and any(map(self._holds, node.args)):
            self._holding.update(_names(node.func.value))
        function = self._functions.get(name)
        if function is not None:
            told = list(zip(function.args.args, node.args, strict=False))
            told += [
                (one, k.value)
                for k in node.keywords
                for one in function.args.args
                if one.arg.partition("@")[0] == k.arg
            ]
            self._holding.update(argument.arg for argument, value in told if self._holds(value))

    def _trains(self, node: ast.AST) -> bool:
        match node:
            case ast.Call(func=function, args=args, keywords=keywords) if (
                _TRAINS.search(_called(node)) or _called(node) in _SAVES
            ):
                owner = (
                    [function.value]
                    if isinstance(function, ast.Attribute) and _called(node) in _SAVES
                    else []
                )
                given = [
                    *args,
                    *owner,
                    *(k.value for k in keywords if not (k.arg and _MEASURES.search(k.arg))),
                ]
                return any(map(self._holds, given))
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if _TRAINED_ON.search(name):
                return self._holds(value)
            case ast.For(iter=iterable, body=body) if self._holds(iterable):
                return bool(self._steps & _calls_in(body))
            case _:
                return False


def _calls_in(body: Iterable[ast.AST]) -> set[str]:
    return {_called(one) for node in body for one in ast.walk(node) if isinstance(one, ast.Call)}


def _part_scopes(tree: ast.Module) -> None:
    """Give names that functions and comprehensions bind for themselves names of their own."""
    for number, node in enumerate(ast.walk(tree)):
        match node:
            case ast.FunctionDef(args=arguments):
                bound = {one.arg for one in (*arguments.args, *arguments.kwonlyargs)}
                bound |= {
                    one.id
                    for one in ast.walk(node)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                }
                bound -= {
                    name
                    for one in ast.walk(node)
                    if isinstance(one, ast.Global | ast.Nonlocal)
                    for name in one.names
                }
            case (
                ast.ListComp(generators=loops)
                | ast.SetComp(generators=loops)
                | ast.GeneratorExp(generators=loops)
                | ast.DictComp(generators=loops)
            ):
                bound = {name for loop in loops for name in _names(loop.target)}
            case _:
                continue
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id in bound:
                one.id = f"{one.id}@{number}"
            elif isinstance(one, ast.arg) and one.arg in bound:
                one.arg = f"{one.arg}@{number}"


def _bindings(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Tuple(elts=values)) if len(
                parts
            ) == len(values):
                yield from zip(parts, values, strict=True)
            case ast.Assign(targets=targets, value=value):
                yield from ((target, value) for target in targets)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
            ):
                yield target, value
            case ast.NamedExpr(target=target, value=value):
                yield target, value
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                yield target, value
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield target, value
            case _:
                pass


def _names(target: ast.expr) -> set[str]:
    """The names that a binding changes; of an attribute, that of the attribute."""
    match target:
        case ast.Name(id=name):
            return {name}
        case ast.Attribute(attr=name):
            return {name}
        case ast.Subscript(value=inner) | ast.Starred(value=inner):
            return _names(inner)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return {name for part in parts for name in _names(part)}
        case _:
            return set()


def _parts(node: ast.Call) -> Iterable[ast.expr]:
    owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    return (*owner, *node.args, *(keyword.value for keyword in node.keywords))


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
