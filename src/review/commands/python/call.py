"""One call in a program, with what is known of all that is handed over."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from review.commands.python.value import NOTHING, Value


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function that the program does not define."""

    node: ast.Call
    name: str
    """The last part of the function's name."""
    receiver: Value
    """The object that it is a method of."""
    arguments: tuple[Value, ...]
    keywords: Mapping[str, Value]

    @property
    def handed(self) -> tuple[Value, ...]:
        """All that is handed over, but for the receiver."""
        return (*self.arguments, *self.keywords.values())

    @property
    def owner(self) -> str:
        """The name that stands before the function's; empty where none does."""
        match self.node.func:
            case ast.Attribute(value=ast.Name(id=owner)):
                return owner
            case _:
                return ""

    def keyword(self, name: str) -> Value:
        """What is handed over under a name."""
        return self.keywords.get(name, NOTHING)
