"""What a program is called with: its words, its options, its environment."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from review.commands.effects import ContentOrigin
from review.commands.python.value import NOTHING, Value


@dataclass(frozen=True, slots=True)
class Given:
    """All of that."""

    words: tuple[str, ...]
    environ: Mapping[str, str]
    options: Mapping[str, Value]
    """Values of argparse options, by destination."""
    start: Callable[[str], frozenset[ContentOrigin]] = lambda _: frozenset()
    """Follows a shell command that it starts; where what that prints comes from."""

    def word(self, index: ast.expr) -> Value:
        """``sys.argv[index]``."""
        if isinstance(index, ast.Slice):
            return Value(members=tuple(map(Value, self.words)))
        if (
            isinstance(index, ast.Constant)
            and isinstance(index.value, int)
            and 0 < index.value <= len(self.words)
        ):
            return Value(self.words[index.value - 1])
        return NOTHING
