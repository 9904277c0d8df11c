"""What is known of the value of an expression: its text where that can be told, else the names that it comes from.

Conditions carry nothing, so that a filter which compares training data with a test set takes nothing over from the set.
"""

import ast
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from review.commands.effects import ContentOrigin, Effects, How, as_counts
from review.commands.python.call import Call
from review.commands.python.calls import Calls
from review.commands.python.conditions import compared, note_condition
from review.commands.python.folding import combined, joined, sliced
from review.commands.python.given import Given
from review.commands.python.paths import SITE
from review.commands.python.scope import Scope
from review.commands.python.value import (
    NOTHING,
    Value,
    element_of,
    rounds_of,
    split_of,
    text_of,
    union,
)

STDIN = "<stdin>"
"""The name of what a program is given on its input."""
_MOST_STEPS = 100_000
_SPLITS = ("train", "test", "validation", "dev")

CallOwn = Callable[[str, Sequence[Value], Mapping[str, Value]], Value | None]
"""Calls a function of the program itself; None where it has none of that name."""


class TooLong(Exception):
    """The program is larger than what is followed."""


class Expressions:
    """The expressions of one program."""

    def __init__(self, effects: Effects, scope: Scope, given: Given, calls: Calls, call_own: CallOwn) -> None:
        self._effects = effects
        self._scope = scope
        self._given = given
        self._calls = calls
        self._call_own = call_own
        self._steps = 0

    def step(self) -> None:
        """One more part of the program is followed; raises :class:`TooLong` where that is too much."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooLong

    def value(self, node: ast.expr | None) -> Value:  # noqa: C901  # a case for each kind of expression
        """What is known of the value of ``node``."""
        self.step()
        match node:
            case None:
                return NOTHING
            case ast.Constant(value=value):
                return Value(text_of(value))
            case ast.Name(id=name):
                return self._scope.get(name)
            case ast.Attribute(value=inner, attr=attr):
                return self._attribute(inner, attr)
            case ast.Call():
                return self._call(node)
            case ast.BinOp(left=left, op=op, right=right):
                return combined(self.value(left), op, self.value(right))
            case ast.JoinedStr(values=parts):
                return joined([self.value(part) for part in parts])
            case ast.FormattedValue(value=inner):
                return self.value(inner)
            case ast.Subscript(value=inner, slice=index):
                return self._subscript(inner, index)
            case ast.Compare(left=left, comparators=others):
                for part in (left, *others):
                    self.value(part)
                return NOTHING
            case ast.IfExp(test=test, body=body, orelse=orelse):
                holds = self.truth(test)
                if holds is not None:
                    return self.value(body if holds else orelse)
                return union([self.value(body), self.value(orelse)])
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                values = [self.value(element) for element in elements]
                return replace(union(values), text=None, members=tuple(values[:64]))
            case ast.Dict(keys=keys, values=values):
                told = [self.value(v) for v in values]
                whole = union([*told, *(self.value(k) for k in keys if k is not None)])
                named = (
                    (text_of(k.value), v)
                    for k, v in zip(keys, told, strict=True)
                    if isinstance(k, ast.Constant)
                )
                fields = tuple((key, v) for key, v in named if key is not None)[:64]
                for key, field in fields:
                    self._effects.put(key, field.texts)
                return replace(whole, text=None, fields=fields)
            case (
                ast.ListComp(elt=element, generators=generators)
                | ast.SetComp(elt=element, generators=generators)
                | ast.GeneratorExp(elt=element, generators=generators)
            ):
                return self._comprehension([element], generators)
            case ast.DictComp(key=key, value=value, generators=generators):
                return self._dictionary(key, value, generators)
            case ast.NamedExpr(target=target, value=value):
                result = self.value(value)
                self._scope.bind(target, result)
                return result
            case ast.Lambda(body=body):
                return self.value(body)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.value(operand)
                return NOTHING
            case _:
                children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
                return replace(union([self.value(child) for child in children]), text=None)

    def truth(self, test: ast.expr) -> bool | None:
        """Whether a condition about names that a loop gives known values holds; None where that cannot be told."""
        value = self.value(test)
        if not self._scope.is_fixed(test):
            return None
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.truth(operand)
                return None if inner is None else not inner
            case ast.BoolOp(op=op, values=values):
                told = [self.truth(one) for one in values]
                ends = isinstance(op, ast.Or)
                return ends if ends in told else None if None in told else not ends
            case _:
                return compared(test, self.value) if value.text is None else None

    def _comprehension(self, elements: list[ast.expr], generators: list[ast.comprehension]) -> Value:
        numbers: frozenset[ContentOrigin] = frozenset()
        if rounds := rounds_of(self.value(generators[0].iter)):
            first, *others = generators
            each = [self._in_round(elements, first, others, member) for member in rounds]
            members = tuple(value for values in each for value in values) if not others else ()
            whole = union([value for values in each for value in values])
            return Value(origins=whole.origins, members=members[:64])
        for generator in generators:
            element = element_of(self.value(generator.iter))
            numbers |= as_counts(element.origins)
            self._scope.bind(generator.target, element)
            for condition in generator.ifs:
                self.value(condition)
                note_condition(condition, self._effects, self._scope, kept=True)
        return Value(origins=numbers | union([self.value(element) for element in elements]).origins)

    def _in_round(
        self,
        elements: list[ast.expr],
        generator: ast.comprehension,
        others: list[ast.comprehension],
        member: Value,
    ) -> list[Value]:
        """The elements for one value that the first loop of a comprehension gives; nothing where a condition leaves it out."""
        with self._scope.round(generator.target):
            self._scope.bind(generator.target, member)
            told = [self.truth(condition) for condition in generator.ifs]
            for condition, holds in zip(generator.ifs, told, strict=True):
                if holds is None:
                    note_condition(condition, self._effects, self._scope, kept=True)
            if False in told:
                return []
            return [self._comprehension(elements, others)] if others else [self.value(e) for e in elements]

    def _dictionary(self, key: ast.expr, value: ast.expr, generators: list[ast.comprehension]) -> Value:
        rounds = rounds_of(self.value(generators[0].iter)) if len(generators) == 1 else ()
        if not rounds:
            return self._comprehension([key, value], generators)
        pairs = [self._in_round([key, value], generators[0], [], member) for member in rounds]
        told = [pair for pair in pairs if len(pair) == 2]
        fields = tuple((name.text, held) for name, held in told if name.text is not None)
        return Value(origins=union([held for _, held in told]).origins, fields=fields)

    def _attribute(self, inner: ast.expr, attr: str) -> Value:
        options = self._given.options
        if isinstance(inner, ast.Name) and not self._scope.holds(inner.id) and attr in options:
            return options[attr]
        if attr == "stdin" and isinstance(inner, ast.Name) and inner.id == "sys":
            return Value(origins=frozenset({ContentOrigin(STDIN, How.VALUE)}))
        if attr in ("__file__", "__path__") and (module := self._module(inner)) is not None:
            return Value(_installed_at(module))
        value = self.value(inner)
        given = self._scope.field(attr)
        if given is not None and value.text is None and value.opened is None:
            return replace(given, origins=given.origins | value.origins)
        if not value.origins and value.text is None and value.opened is None and attr in options:
            return options[attr]
        if attr == "parent" and value.text is not None:
            return Value(posixpath.dirname(value.text))
        return replace(value, members=()) if value.text is None else value

    def _handed_on(self, node: ast.Call, arguments: Sequence[Value]) -> Value | None:
        """What the program's own functions give that a library is handed to call: ``Dataset.from_generator(rows)``."""
        names = [a.id for a in node.args if isinstance(a, ast.Name) and not self._scope.holds(a.id)]
        others = [element_of(value) for value in arguments if value is not NOTHING]
        given = [self._call_own(name, others, {}) for name in names]
        told = [value for value in given if value is not None and value.origins]
        return Value(origins=union(told).origins) if told else None

    def _module(self, node: ast.expr) -> str | None:
        """The module that a name, or a name of something in a module, stands for."""
        match node:
            case ast.Name(id=name):
                return self._scope.module(name)
            case ast.Attribute(value=inner, attr=attr) if (module := self._module(inner)) is not None:
                return f"{module}.{attr}"
            case _:
                return None

    def _subscript(self, inner: ast.expr, index: ast.expr) -> Value:
        owner = inner.attr if isinstance(inner, ast.Attribute) else ""
        if owner == "environ":
            return Value(self._given.environ.get(self.value(index).text or ""))
        if owner == "argv":
            return self._given.word(index)
        value = self.value(inner)
        if isinstance(index, ast.Slice):
            return sliced(value, index)
        constant = index.value if isinstance(index, ast.Constant) else None
        named = value.field(constant) if isinstance(constant, str) else None
        if named is not None:
            return named
        if constant in _SPLITS:
            return split_of(value, str(constant))
        chosen = self.value(index)
        if chosen.text is not None and (field := value.field(chosen.text)) is not None:
            return field
        if (chosen.origins and chosen.origins == value.origins) or (
            chosen.members and all(t in _SPLITS for t in chosen.texts)
        ):
            return split_of(value, "*")  # for split in data: data[split]
        if chosen.text in _SPLITS:
            return split_of(value, chosen.text or "")
        if isinstance(constant, int) and constant < len(value.members):
            return value.members[constant]
        choice = frozenset(ContentOrigin(o.name, max(o.how, How.CHOICE)) for o in chosen.origins)
        return Value(origins=value.origins | choice)

    def _call(self, node: ast.Call) -> Value:
        function, receiver, name = node.func, NOTHING, ""
        match function:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=inner, attr=name):
                receiver = self.value(inner)
            case _:
                receiver = self.value(function)
        arguments = [self.value(a.value if isinstance(a, ast.Starred) else a) for a in node.args]
        keywords = {k.arg or "": self.value(k.value) for k in node.keywords}
        own = self._call_own(name, arguments, keywords)
        if own is None and (handed := self._handed_on(node, arguments)) is not None:
            arguments = [*arguments, handed]
        if own is None:
            return self._calls.result(Call(node, name, receiver, tuple(arguments), keywords))
        if isinstance(function, ast.Attribute):
            self._scope.mutate(function.value, self._scope.get("self").origins)
        return own


def _installed_at(module: str) -> str:
    """Where Python finds an installed module."""
    name = module.replace(".", "/")
    return f"{SITE}/{name}.py" if "/" in name else f"{SITE}/{name}/__init__.py"
