"""Which parts of records a program passes on into what it writes: whole, single fields, or only their words, taken apart.

Read backwards from what is written. A program that loads items and writes their subjects matches their domain; one that
writes their rare words, or the signatures that they ask for, aims at them; one that writes their questions takes them over.
"""

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

_MOST_STEPS = 20_000
_WRITES = frozenset(
    {
        "write",
        "writelines",
        "writerow",
        "writerows",
        "write_text",
        "dump",
        "dumps",
        "save",
        "savetxt",
        "print",
    }
)
_WRITES_ITSELF = frozenset(
    {"to_json", "to_csv", "to_parquet", "save_to_disk", "write_json", "write_csv", "write_parquet"}
)
_LOADS = re.compile(
    r"^(loads?|open|read_\w+|load_dataset|load_from_disk|DictReader|reader|iter_rows|scan_\w+|from_json|read_text|readlines?|safe_load)$"
)
_APART = frozenset(
    {"findall", "finditer", "word_tokenize", "wordpunct_tokenize", "noun_chunks", "ents", "extract_keywords", "keyphrases",
     "get_ranked_phrases", "set", "frozenset", "pos_tag", "ngrams", "named_entities"}
)  # fmt: skip
"""What takes a text to pieces that no longer stand in their order."""
_POOLS = frozenset({"Counter", "most_common", "fit_transform", "get_feature_names_out", "value_counts"})
"""What throws the pieces of many texts together."""
_WORDS = re.compile(r"\\[bw]|\[[^\]]*a-z[^\]]*\]")
_LITERAL = re.compile(r"[#:=>]{2}|\\boxed|\\n|def |answer", re.IGNORECASE)
"""In a pattern for one marked place of a text, not for its words."""
_NOTHING_OF_IT = frozenset(
    {"len", "hash", "isinstance", "any", "all", "bool", "type", "id", "range", "md5", "sha256"}
)
_HOLDS = frozenset({"append", "setdefault", "insert", "appendleft", "put"})
_HOLDS_POOLED = frozenset({"add", "extend", "update"})
_KEYED = frozenset({"get", "pop", "getattr", "itemgetter"})
_ID_FIELD = re.compile(r"(?i)^(.*[ _-])?(u?u?id|ids|index|idx|key|name|number|no)$|^(qid|idx|uid)$")


class Pieces(IntEnum):
    """How much of what stands together still does."""

    WHOLE = 0
    APART = 1
    """Only words or other pieces, those of one record by themselves."""
    POOLED = 2
    """Only pieces, and those of all records in one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One part of a record that goes on."""

    field: str
    """Its key; empty for the record as a whole."""
    pieces: Pieces = Pieces.WHOLE


def taken_by(codes: Iterable[str]) -> frozenset[Taken]:
    """What programs with these texts write of what they load, its ids aside; empty where that cannot be told."""
    found = frozenset(one for code in codes for one in _taken(code))
    return frozenset(one for one in found if not _ID_FIELD.match(one.field))


def _taken(code: str) -> frozenset[Taken]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code)
        return _Backwards(tree).written()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


class _Backwards:
    """One program, with what each of its names is bound to anywhere."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._left = _MOST_STEPS
        self._returns: dict[str, list[ast.expr]] = {}
        self._arguments: dict[str, list[str]] = {}
        self._bound: dict[str, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [
                    one for one in ast.walk(node) if isinstance(one, ast.Return | ast.Yield | ast.YieldFrom)
                ]
                self._returns[node.name] = [one.value for one in inner if one.value is not None]
                self._arguments[node.name] = [one.arg for one in node.args.args if one.arg != "self"]
        for node in ast.walk(tree):
            self._bind(node)

    def written(self) -> frozenset[Taken]:
        """What goes into files, else what is printed."""
        files: set[Taken] = set()
        printed: set[Taken] = set()
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.Call):
                continue
            name = _name(node.func)
            if name in _WRITES:
                told = self._all(_handed(node), frozenset())
                (printed if name in ("print", "dumps") else files).update(told)
            elif name in _WRITES_ITSELF and isinstance(node.func, ast.Attribute):
                files |= self._of(node.func.value, frozenset())
        return frozenset(files or printed)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._give(target, value)
            case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value) if (
                value
            ):
                self._give(target, value)
            case ast.NamedExpr(target=target, value=value):
                self._give(target, value)
            case (
                ast.For(target=target, iter=value)
                | ast.AsyncFor(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ):
                self._give(target, value)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._give(target, value)
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _HOLDS | _HOLDS_POOLED:
                for one in _handed(node):
                    pooled = attr in _HOLDS_POOLED and not isinstance(one, ast.Dict)
                    self._give(owner, ast.SetComp(one, []) if pooled else one)
            case ast.Call(func=ast.Name(id=name)) if name in self._arguments:
                for argument, value in zip(self._arguments[name], node.args, strict=False):
                    self._bound[argument].append(value)
            case _:
                pass

    def _give(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self._bound[name].append(value)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._give(part, value)
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.Starred(value=inner):
                self._give(inner, value)
            case ast.Call(func=ast.Attribute(value=inner)):
                self._give(inner, value)
            case _:
                pass

    def _all(self, nodes: Iterable[ast.expr], known: frozenset[str]) -> set[Taken]:
        return {one for node in nodes for one in self._of(node, known)}

    def _of(self, node: ast.expr | None, known: frozenset[str]) -> set[Taken]:  # noqa: C901  # a case for each kind of expression
        self._left -= 1
        if node is None or self._left < 0:
            return set()
        match node:
            case ast.Constant() | ast.Compare():
                return set()
            case ast.Name(id=name):
                if name in known:
                    return set()
                return self._all(self._bound.get(name, ()), known | {name})
            case ast.Subscript(value=inner, slice=ast.Constant(value=str() as key)):
                return _field(self._of(inner, known), key)
            case ast.Subscript(value=inner):
                return self._of(inner, known)
            case ast.Attribute(value=inner, attr=attr) if attr in _APART:
                return _in_pieces(self._of(inner, known), Pieces.APART)
            case ast.IfExp(body=body, orelse=orelse):
                return self._all([body, orelse], known)
            case (
                ast.ListComp(elt=element, generators=loops)
                | ast.SetComp(elt=element, generators=loops)
                | ast.GeneratorExp(elt=element, generators=loops)
            ):
                told = self._of(element, known)
                split = (
                    bool(loops)
                    and isinstance(loops[-1].iter, ast.Call)
                    and _name(loops[-1].iter.func) == "split"
                )
                if isinstance(node, ast.SetComp) and split:
                    told = _in_pieces(told, Pieces.APART)
                pooled = len(loops) > 1 or (isinstance(node, ast.SetComp) and not loops)
                return _pooled(told) if pooled else told
            case ast.DictComp(key=key, value=value):
                return self._all([key, value], known)
            case ast.Lambda(body=body):
                return self._of(body, known)
            case ast.Call():
                return self._call(node, known)
            case _:
                return self._all(
                    (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)), known
                )

    def _call(self, node: ast.Call, known: frozenset[str]) -> set[Taken]:
        name, handed = _name(node.func), list(_handed(node))
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _NOTHING_OF_IT:
            return set()
        if name in self._returns:
            return (
                self._all(self._returns[name], known | {f"{name}()"}) if f"{name}()" not in known else set()
            )
        if (
            name in _KEYED
            and handed
            and isinstance(handed[0], ast.Constant)
            and isinstance(handed[0].value, str)
        ):
            return _field(self._of(owner, known), handed[0].value)
        if _LOADS.match(name):
            return set() if _opens_to_write(node) else {Taken("")}
        inside = [*handed, *([owner] if owner else [])]
        if name == "join" and handed and isinstance(handed[0], ast.Call) and _takes_apart(handed[0]):
            first = handed[0]  # put together again as it stood
            return self._all(
                [*first.args, *([first.func.value] if isinstance(first.func, ast.Attribute) else [])], known
            )
        told = self._all(inside, known)
        if name in _POOLS:
            return _in_pieces(told, Pieces.POOLED)
        return _in_pieces(told, Pieces.APART) if _takes_apart(node) else told


def _takes_apart(node: ast.Call) -> bool:
    name = _name(node.func)
    if name in ("findall", "finditer"):
        patterns = [
            one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        return any(_WORDS.search(one) for one in patterns) and not any(map(_LITERAL.search, patterns))
    if name in ("set", "frozenset"):
        return any(isinstance(one, ast.Call) and _name(one.func) in ("split", "findall") for one in node.args)
    return name in _APART


def _field(whole: set[Taken], key: str) -> set[Taken]:
    """The part under a key: of a record, that field; of a field, what is in it is still its."""
    return {Taken(one.field or key, one.pieces) for one in whole}


def _in_pieces(whole: set[Taken], least: Pieces) -> set[Taken]:
    return {Taken(one.field, max(one.pieces, least)) for one in whole}


def _pooled(told: set[Taken]) -> set[Taken]:
    """Thrown together: what stands together in one text still does."""
    return {Taken(one.field, Pieces.POOLED if one.pieces else one.pieces) for one in told}


def _opens_to_write(node: ast.Call) -> bool:
    modes = [
        one.value for one in _handed(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return _name(node.func) == "open" and any(re.fullmatch(r"[wax][bt+]*", mode) for mode in modes)


def _handed(node: ast.Call) -> Iterator[ast.expr]:
    for one in (*node.args, *(keyword.value for keyword in node.keywords)):
        yield one.value if isinstance(one, ast.Starred) else one


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
