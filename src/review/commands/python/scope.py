"""What the names of a program hold while it is followed."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from review.commands.effects import ContentOrigin, Effects, as_counts
from review.commands.python.value import NOTHING, Value

_SELF = "self"
"""All objects of the program's own classes are taken for one."""


def key_of(target: ast.expr) -> str | None:
    """The key or attribute that an assignment is to; that of the list where it is to a place in one."""
    match target:
        case ast.Attribute(attr=key) | ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Subscript(value=ast.Subscript() | ast.Attribute() as inner):
            return key_of(inner)
        case _:
            return None


class Scope:
    """The names of one program; what is put into an open file goes to the program's effects."""

    def __init__(self, effects: Effects, imported: Mapping[str, str]) -> None:
        self._effects = effects
        self._imported = imported
        self._names: dict[str, Value] = {}
        self._rounds: list[frozenset[ContentOrigin]] = []
        self._fields: dict[str, Value] = {}
        self._fixed: frozenset[str] = frozenset()

    def get(self, name: str) -> Value:
        """What it holds."""
        return self._names.get(name, NOTHING)

    def module(self, name: str) -> str | None:
        """The module that a name stands for; None for a name that no import gave."""
        return self._imported.get(name)

    def holds(self, name: str) -> bool:
        """Whether the program has given it anything."""
        return name in self._names

    def set(self, name: str, value: Value) -> None:
        """It holds this and nothing else."""
        self._names[name] = value

    def field(self, name: str) -> Value | None:
        """What was last given to an attribute of that name, of whatever object; None where nothing was."""
        return self._fields.get(name)

    def give(self, field: str, value: Value) -> None:
        """An attribute of that name holds this."""
        self._fields[field] = value

    @contextmanager
    def inner(self) -> Iterator[None]:
        """What is given to names inside the block is forgotten after it, but for what objects of the program hold."""
        outer = dict(self._names)
        yield
        kept = {_SELF: self._names[_SELF]} if _SELF in self._names else {}
        self._names = outer | kept

    @contextmanager
    def loop(self, over: frozenset[ContentOrigin]) -> Iterator[bool]:
        """The block is the body of a loop over what has these origins; whether it is in no other one."""
        self._rounds.append(over)
        yield len(self._rounds) == 1
        self._rounds.pop()

    @contextmanager
    def round(self, target: ast.expr) -> Iterator[None]:
        """The block is one round of a loop over known values: what its names held in the one before is gone."""
        rounds, fixed = self._rounds, self._fixed
        self._rounds = []
        self._fixed = fixed | {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
        try:
            yield
        finally:
            self._rounds, self._fixed = rounds, fixed

    def is_fixed(self, node: ast.expr) -> bool:
        """Whether an expression is about names that a loop gives known values."""
        return any(isinstance(one, ast.Name) and one.id in self._fixed for one in ast.walk(node))

    @property
    def rounds(self) -> frozenset[ContentOrigin]:
        """What a number that is added up in the loops around counts."""
        return frozenset(origin for over in self._rounds for origin in as_counts(over))

    def bind(self, target: ast.expr, value: Value) -> None:
        """An assignment."""
        match target:
            case ast.Name(id=name):
                if self._rounds and name in self._names:  # another round may still hold the older one
                    value = replace(value, origins=value.origins | self._names[name].origins)
                self._names[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for place, element in enumerate(elements):
                    told = (
                        value.members[place] if place < len(value.members) else Value(origins=value.origins)
                    )
                    self.bind(element, value if len(elements) == 1 and not value.members else told)
            case ast.Starred(value=inner):
                self.bind(inner, Value(origins=value.origins))
            case ast.Subscript() | ast.Attribute():
                if isinstance(target, ast.Attribute):
                    self.give(target.attr, value)
                if key := key_of(target):
                    self._effects.put(key, value.texts)
                self.mutate(target, value.origins)

    def mutate(self, target: ast.expr, origins: frozenset[ContentOrigin]) -> None:
        """The object at the root of ``target`` holds these too, from now on."""
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.IfExp):
            self.mutate(target.body, origins)
            self.mutate(target.orelse, origins)
        if isinstance(target, ast.Name) and target.id not in self._imported:
            known = self.get(target.id)
            if known.store is not None:
                self._effects.write(known.store, origins)
            elif known.opened is not None:
                self._effects.write(known.opened, origins)
            elif origins - known.origins:
                self._names[target.id] = replace(known, text=None, origins=known.origins | origins)
