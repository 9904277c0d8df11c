"""Following values through the text of a Python program: what it loads, and what of that it writes where.

An abstract run over the syntax tree: constants are folded (joined paths, f-strings, reversed and base64 text, argparse
with the words of the command), everything else is the set of names that it comes from. Conditions carry nothing, so
that a filter which compares training data with a test set takes nothing over from the test set. Comments, docstrings
and what is printed to the screen are no use of anything. Never executed, and bounded: the text is the adversary's.
"""

import ast
import posixpath
import re
import shlex
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from review.commands.effects import Effects, How, Origin
from review.commands.python.folding import folded
from review.commands.python.options import bound_options
from review.commands.python.value import NOTHING, Value, text_of, union

STDOUT = "<stdout>"
"""The target of what a program prints."""

_LONGEST = 1 << 18
"""Characters; what is longer is data in the shape of a program."""
_MOST_STEPS = 100_000
_DEEPEST = 60
_MOST_CALLS = 6
"""Of the program's own functions inside one another."""

_NAME = re.compile(
    r"""(?ix) ^(https?://|hf://|/|\./|\.\./|~/) | / | \.(jsonl?|csv|tsv|parquet|arrow|txt|gz|zip|npz|npy|pkl|ya?ml|toml|jinja|py|sh
    |safetensors|bin|pt|pth|gguf|eval|log|md)$ | ^final_model$"""
)
"""Texts that name something when they are handed to a function that is not known."""
_COUNTING = frozenset(
    {"len", "sum", "Counter", "mean", "median", "value_counts", "describe", "std", "count", "nunique"}
)
_SILENT = frozenset({"add_argument", "print", "info", "debug", "warning", "error", "ArgumentParser", "exit", "startswith",
                     "endswith", "replace", "split", "strip", "mkdir", "makedirs", "exists", "isfile", "isdir", "match",
                     "search", "sub", "compile", "findall", "fullmatch", "format", "getLogger", "setdefault", "now",
                     "is_file", "is_dir", "unlink", "rmtree", "remove", "find", "count", "encode", "decode", "rstrip",
                     "lstrip", "insert", "environ", "assertEqual", "ValueError", "SystemExit", "Exception"})  # fmt: skip
"""Functions whose texts name nothing that is read."""
_SAVING = frozenset({"to_json", "to_csv", "to_parquet", "to_pickle", "save_to_disk", "save_pretrained", "save_model",
                     "write_text", "write_bytes", "save_pretrained_merged", "push_to_hub", "to_jsonl", "write_parquet",
                     "write_csv", "write_ndjson", "save_checkpoint", "savez"})  # fmt: skip
"""Methods that write their object; the first argument, or the object where it is a path, names the target."""
_MODEL_SAVING = frozenset({"save_pretrained", "save_model", "save_pretrained_merged", "save_checkpoint"})
_PATH_SAVING = frozenset({"write_text", "write_bytes"})
_COPYING = frozenset(
    {"copy", "copy2", "copyfile", "copytree", "move", "rename", "replace", "link", "symlink"}
)
_COPIERS = frozenset({"shutil", "os"})
_STARTING = frozenset({"run", "call", "check_call", "check_output", "Popen", "system", "getoutput", "popen"})
_GENERATING = frozenset({"generate", "chat", "complete", "completion", "create", "batch_generate", "predict"})
"""What these give is made by a model, and holds nothing of its weights."""
_TRAINERS = re.compile(r"Trainer$")
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_SPLITS = ("train", "test", "validation", "dev")
"""A name with a split is written ``org/name#split``."""
_ASIDE = re.compile(
    r"(?i)tokenizer|processor|processing|config|feature_?extractor|teacher|judge|reward|ref_model|args"
)
"""What is loaded or handed over under such names does not become part of the weights."""


def _split(value: Value, split: str) -> Value:
    """One split of datasets of the hub."""
    origins = (replace(o, name=f"{o.name}#{split}") if _HUB_ID.match(o.name) else o for o in value.origins)
    return Value(origins=frozenset(origins))


class _Stop(Exception):
    """The program is larger than what is followed."""


def python_effects(text: str, argv: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Effects:
    """What the program ``text``, called with the words ``argv``, does; not whole where it cannot be parsed."""
    effects = Effects()
    if len(text) > _LONGEST:
        effects.whole = False
        return effects
    try:
        with warnings.catch_warnings(action="ignore"):  # about the agent's code, not ours
            tree = ast.parse(text)
        _Run(effects, argv, environ or {}).module(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Stop):
        effects.whole = False
    return effects


class _Run:
    """One abstract run of a program."""

    def __init__(self, effects: Effects, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self._effects = effects
        self._argv = list(argv)
        self._environ = environ
        self._names: dict[str, Value] = {}
        self._functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self._options: dict[str, Value] = {}
        self._calls: list[str] = []
        self._returned: list[frozenset[Origin]] = []
        self._returned_text: list[str | None] = []
        self._calls_made: list[str] = []
        self._imported: set[str] = set()
        self._rounds: list[frozenset[Origin]] = []
        """What the loops around the present statement go over."""
        self._steps = 0

    def module(self, tree: ast.Module) -> None:
        """Run it; a body under ``if __name__ == "__main__"`` too."""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._functions.setdefault(node.name, node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._imported |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        self._options = bound_options(tree, self._argv)
        self._body(tree.body)
        called = set(self._calls_made)
        for name, function in self._functions.items():  # a callback that some library calls
            if name not in called:
                self._call_own(function, [])

    def _body(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901  # a case for each kind of statement
        self._step()
        match node:
            case ast.Assign(targets=targets, value=value):
                result = self._value(value)
                for target in targets:
                    self._bind(target, result)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._bind(target, self._value(value))
            case ast.AugAssign(target=target, value=value):
                counted = frozenset(Origin(o.name, How.COUNTS) for around in self._rounds for o in around)
                self._mutate(target, self._value(value).origins or counted)
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case ast.Expr(value=value):
                self._value(value)
            case (
                ast.For(target=target, iter=iterable, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=iterable, body=body, orelse=orelse)
            ):
                element = self._element(self._value(iterable))
                self._bind(target, element)
                self._loop(body, element.origins)
                self._body(orelse)
            case ast.While(test=test, body=body):
                self._value(test)
                self._loop(body, frozenset())
            case ast.If(test=test, body=body, orelse=orelse):
                self._value(test)
                self._body(body)
                self._body(orelse)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    entered = self._value(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, entered)
                self._body(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                self._body(body)
                for handler in handlers:
                    self._body(handler.body)
                self._body(orelse)
                self._body(final)
            case ast.Return(value=value) if value is not None:
                result = self._value(value)
                if self._returned:
                    self._returned[-1] |= result.origins
                    self._returned_text[-1] = result.text
            case ast.ClassDef(body=body):
                self._body([s for s in body if not isinstance(s, ast.FunctionDef)])
            case ast.Match(subject=subject, cases=cases):
                self._value(subject)
                for case in cases:
                    self._body(case.body)
            case _:
                pass

    def _loop(self, body: list[ast.stmt], over: frozenset[Origin]) -> None:
        """Twice, so that what the end of a round holds reaches its beginning; inner loops once."""
        self._rounds.append(over)
        for _ in range(2 if len(self._rounds) == 1 else 1):
            self._body(body)
        self._rounds.pop()

    def _bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                known = self._names.get(name)
                if self._rounds and known is not None:  # another round may still hold the older one
                    value = replace(value, origins=value.origins | known.origins)
                self._names[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for place, element in enumerate(elements):
                    told = (
                        value.members[place] if place < len(value.members) else Value(origins=value.origins)
                    )
                    if len(elements) == 1 and not value.members:
                        told = value
                    self._bind(element, told)
            case ast.Starred(value=inner):
                self._bind(inner, Value(origins=value.origins))
            case ast.Subscript() | ast.Attribute():
                self._mutate(target, value.origins)

    def _mutate(self, target: ast.expr, origins: frozenset[Origin]) -> None:
        """The object at the root of ``target`` holds these too, from now on."""
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name) and target.id not in self._imported:
            known = self._names.get(target.id, NOTHING)
            if known.opened is not None:
                self._effects.write(known.opened, origins)
            elif origins - known.origins:
                self._names[target.id] = replace(known, text=None, origins=known.origins | origins)

    def _value(self, node: ast.expr | None) -> Value:  # noqa: C901  # a case for each kind of expression
        self._step()
        match node:
            case None:
                return NOTHING
            case ast.Constant(value=value):
                return Value(text_of(value))
            case ast.Name(id=name):
                return self._names.get(name, NOTHING)
            case ast.Attribute(value=inner, attr=attr):
                return self._attribute(inner, attr)
            case ast.Call():
                return self._call(node)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(self._value(left), op, self._value(right))
            case ast.JoinedStr(values=parts):
                return self._joined([self._value(part) for part in parts])
            case ast.FormattedValue(value=inner):
                return self._value(inner)
            case ast.Subscript(value=inner, slice=index):
                return self._subscript(inner, index)
            case ast.Compare(left=left, comparators=others):
                for part in (left, *others):
                    self._value(part)
                return NOTHING
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test)
                return union([self._value(body), self._value(orelse)])
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                values = [self._value(element) for element in elements]
                return replace(union(values), text=None, members=tuple(values[:64]))
            case ast.Dict(keys=keys, values=values):
                return union([self._value(v) for v in [*values, *(k for k in keys if k is not None)]])
            case (
                ast.ListComp(elt=element, generators=generators)
                | ast.SetComp(elt=element, generators=generators)
                | ast.GeneratorExp(elt=element, generators=generators)
            ):
                return self._comprehension([element], generators)
            case ast.DictComp(key=key, value=value, generators=generators):
                return self._comprehension([key, value], generators)
            case ast.NamedExpr(target=target, value=value):
                result = self._value(value)
                self._bind(target, result)
                return result
            case ast.Lambda(body=body):
                return self._value(body)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._value(operand)
                return NOTHING
            case _:
                children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
                return replace(union([self._value(child) for child in children]), text=None)

    def _comprehension(self, elements: list[ast.expr], generators: list[ast.comprehension]) -> Value:
        counted: frozenset[Origin] = frozenset()
        for generator in generators:
            element = self._element(self._value(generator.iter))
            counted |= frozenset(Origin(origin.name, How.COUNTS) for origin in element.origins)
            self._bind(generator.target, element)
            for condition in generator.ifs:
                self._value(condition)
        return Value(origins=counted | union([self._value(element) for element in elements]).origins)

    def _element(self, value: Value) -> Value:
        """What a loop over ``value`` gives: its only member, or something of the same origin."""
        if len(value.members) == 1:
            return value.members[0]
        return Value(origins=value.origins | union(value.members).origins, members=value.members)

    def _attribute(self, inner: ast.expr, attr: str) -> Value:
        if isinstance(inner, ast.Name) and inner.id not in self._names and attr in self._options:
            return self._options[attr]
        value = self._value(inner)
        if not value.origins and value.text is None and value.opened is None and attr in self._options:
            return self._options[attr]
        if attr == "parent" and value.text is not None:
            return Value(posixpath.dirname(value.text))
        return replace(value, members=()) if value.text is None else value

    def _subscript(self, inner: ast.expr, index: ast.expr) -> Value:
        if isinstance(inner, ast.Attribute) and inner.attr == "environ":
            name = self._value(index).text or ""
            return Value(self._environ.get(name))
        if isinstance(inner, ast.Attribute) and inner.attr == "argv":
            return self._argument(index)
        value = self._value(inner)
        if isinstance(index, ast.Slice):
            return self._sliced(value, index)
        if isinstance(index, ast.Constant) and index.value in _SPLITS:
            return _split(value, str(index.value))
        chosen = self._value(index)
        if (
            isinstance(index, ast.Constant)
            and isinstance(index.value, int)
            and index.value < len(value.members)
        ):
            return value.members[index.value]
        choice = frozenset(Origin(o.name, max(o.how, How.CHOICE)) for o in chosen.origins)
        return Value(origins=value.origins | choice)

    def _argument(self, index: ast.expr) -> Value:
        if (
            isinstance(index, ast.Constant)
            and isinstance(index.value, int)
            and 0 < index.value <= len(self._argv)
        ):
            return Value(self._argv[index.value - 1])
        if isinstance(index, ast.Slice):
            members = tuple(Value(word) for word in self._argv)
            return Value(members=members)
        return NOTHING

    def _sliced(self, value: Value, index: ast.Slice) -> Value:
        step = index.step
        backwards = isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)
        if value.text is not None and backwards:
            return replace(value, text=value.text[::-1])
        return replace(value, text=None)

    def _binary(self, left: Value, op: ast.operator, right: Value) -> Value:
        text = None
        if left.text is not None and right.text is not None:
            if isinstance(op, ast.Add):
                text = left.text + right.text
            elif isinstance(op, ast.Div):
                text = posixpath.join(left.text, right.text)
        return Value(text, left.origins | right.origins, members=(*left.members, *right.members)[:64])

    def _joined(self, parts: list[Value]) -> Value:
        known = all(part.text is not None for part in parts)
        text = "".join(part.text or "" for part in parts) if known else None
        return Value(text, union(parts).origins)

    def _call(self, node: ast.Call) -> Value:
        function, receiver, name = node.func, NOTHING, ""
        match function:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=inner, attr=name):
                receiver = self._value(inner)
            case _:
                receiver = self._value(function)
        arguments = [self._value(a.value if isinstance(a, ast.Starred) else a) for a in node.args]
        keywords = {k.arg or "": self._value(k.value) for k in node.keywords}
        if name in self._functions and isinstance(function, ast.Name | ast.Attribute):
            return self._call_own(self._functions[name], arguments, keywords)
        if name == "from_pretrained" and isinstance(function, ast.Attribute):
            if _ASIDE.search(ast.unparse(function.value)):
                return NOTHING
            self._effects.checkpoints.update(
                dict.fromkeys(v.text for v in arguments[:1] if v.text is not None)
            )
        told = folded(name, receiver, arguments, node, self._environ)
        if told is not None:
            return told
        if name == "open":
            return self._open(receiver, arguments, keywords)
        everything = [receiver, *arguments, *keywords.values()]
        if self._writes(name, function, receiver, arguments, keywords):
            return NOTHING
        return self._other_call(node, name, receiver, arguments, keywords, everything)

    def _open(self, receiver: Value, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        path = receiver if receiver.text is not None and _NAME.search(receiver.text) else None
        rest = arguments
        if path is None:
            path, rest = (arguments[0], arguments[1:]) if arguments else (keywords.get("file", NOTHING), [])
        mode = keywords.get("mode") or (rest[0] if rest else NOTHING)
        if path.text is None:
            return path
        if mode.text and set(mode.text) & set("wax+"):
            self._effects.write(path.text)
            return Value(opened=path.text)
        return self._loaded(path.text)

    def _loaded(self, *names: str) -> Value:
        for name in names:
            self._effects.read(name)
        return Value(origins=frozenset(Origin(name, How.VALUE) for name in names))

    def _writes(
        self,
        name: str,
        function: ast.expr,
        receiver: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
    ) -> bool:
        """Whether the call only writes; then that is told."""
        values = [*arguments, *keywords.values()]
        origins = union(values).origins
        owner = (
            function.value.id
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
            else ""
        )
        if name == "print":
            target = keywords.get("file", NOTHING).opened or STDOUT
            self._effects.write(target, origins)
            if target == STDOUT:
                self._print_names(arguments)
            return True
        if receiver.opened is not None:
            self._effects.write(receiver.opened, origins)
            self._hold(receiver.opened, arguments)
            return True
        opened = next((value.opened for value in values if value.opened is not None), None)
        if opened is not None:  # json.dump(rows, file), writer = csv.writer(file)
            self._effects.write(opened, origins)
            return name in ("dump", "save", "savez", "copyfileobj")
        return self._saves(name, owner, receiver, arguments, keywords)

    def _saves(
        self, name: str, owner: str, receiver: Value, arguments: list[Value], keywords: dict[str, Value]
    ) -> bool:
        """Whether the call writes under a name that it is handed; then that is told."""
        values = [*arguments, *keywords.values()]
        origins = union(values).origins
        target = next((value.text for value in values if value.text is not None), None)
        place = keywords.get("local_dir", NOTHING).text
        if place is not None:
            named = [value.text for value in values if value.text not in (None, place)]
            self._effects.write(place, self._loaded(*(text for text in named[:1] if text)).origins)
            return True
        if name in _PATH_SAVING and receiver.text is not None:
            self._effects.write(receiver.text, origins)
            self._hold(receiver.text, arguments)
            return True
        if name in _COPYING and owner in _COPIERS and len(arguments) > 1:
            return self._copied(arguments)
        if name in ("rename", "replace") and receiver.text and len(arguments) == 1:
            return self._copied([receiver, *arguments])
        if name in _SAVING:
            origins |= receiver.origins
        elif name not in ("save", "save_file", "dump", "savetxt") or len(arguments) < 2:
            return False
        if target is not None:
            self._effects.write(target, origins)
            if name in _MODEL_SAVING:
                self._effects.models.setdefault(target)
        return True

    def _copied(self, arguments: list[Value]) -> bool:
        source, target = arguments[0], arguments[1].text
        origins = source.origins
        if source.text is not None:
            origins |= self._loaded(source.text).origins
        if target is not None:
            self._effects.write(target, origins)
        return True

    def _hold(self, target: str, arguments: list[Value]) -> None:
        for argument in arguments:
            if argument.text is not None:
                self._effects.contents[target] = self._effects.contents.get(target, "") + argument.text

    def _print_names(self, arguments: list[Value]) -> None:
        """A name that a program prints may be meant for another (``cp $(python -c …)``)."""
        if len(arguments) == 1 and arguments[0].text is not None:
            self._effects.contents[STDOUT] = arguments[0].text

    def _other_call(
        self,
        node: ast.Call,
        name: str,
        receiver: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
        everything: list[Value],
    ) -> Value:
        result = union(everything)
        origins = result.origins
        if name not in _SILENT:
            names = [v.text for v in (*arguments, *keywords.values()) if v.text and _NAME.search(v.text)]
            names += [m.text for v in arguments for m in v.members if m.text and _NAME.search(m.text)]
            if name in ("read_text", "read_bytes") and receiver.text is not None:
                names.append(receiver.text)
            if name in _STARTING and arguments and self._started(arguments[0]):
                return NOTHING
            outputs = [v.text for k, v in keywords.items() if "output" in k or k in ("save_path", "save_dir")]
            names = [n for n in names if n not in outputs and "\n" not in n and len(n) < 1000]
            split = keywords.get("split", NOTHING).text
            if names and split:
                names[0] = f"{names[0]}#{split.partition('[')[0]}"
            origins |= self._loaded(*names).origins
            if _TRAINERS.search(name) or name in ("train", "fit"):
                inside = [*node.args, *(k.value for k in node.keywords if not _ASIDE.search(k.arg or ""))]
                aside = union(v for k, v in keywords.items() if _ASIDE.search(k)).origins
                for argument in inside:
                    self._mutate(argument, origins - aside)
                origins -= aside
        if isinstance(node.func, ast.Attribute) and origins - receiver.origins and name not in _SILENT:
            self._mutate(node.func.value, union([*arguments, *keywords.values()]).origins)
        if name in _COUNTING:
            origins = frozenset(Origin(origin.name, How.COUNTS) for origin in origins)
        if name in _GENERATING:
            origins = frozenset(o for o in origins if o.name not in self._effects.checkpoints)
        if name in ("LLM", "pipeline"):
            loaded = keywords.get("model", arguments[0] if arguments else NOTHING).text
            self._effects.checkpoints.update({loaded: None} if loaded else {})
        opened = next((v.opened for v in everything if v.opened is not None), None)
        return Value(origins=origins, opened=opened)

    def _started(self, command: Value) -> bool:
        """Whether the call starts a program whose words are known; then they are told."""
        texts = [member.text or "" for member in command.members]
        text = shlex.join(texts) if texts else command.text
        if text:
            self._effects.commands.setdefault(text)
        return bool(text)

    def _call_own(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        arguments: list[Value],
        keywords: Mapping[str, Value] | None = None,
    ) -> Value:
        """A function of the program itself: its body is run with these arguments."""
        self._calls_made.append(function.name)
        given = frozenset(o for v in (*arguments, *(keywords or {}).values()) for o in v.origins)
        if function.name in self._calls or len(self._calls) >= _MOST_CALLS:
            return Value(origins=given)
        outer = dict(self._names)
        self._calls.append(function.name)
        self._returned.append(frozenset())
        self._returned_text.append(None)
        names = [argument.arg for argument in function.args.args]
        if names[:1] == ["self"]:
            names = names[1:]
        defaults = function.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=False):
            self._names[name] = self._value(default)
        for name, value in (*zip(names, arguments, strict=False), *(keywords or {}).items()):
            self._names[name] = value
        generator = [n.value for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom)]
        self._body(function.body)
        returned = self._returned.pop()
        text = self._returned_text.pop()
        for yielded in generator[:16]:
            returned |= self._value(yielded).origins
        self._calls.pop()
        self._names = outer
        return Value(text, returned)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _Stop
