"""Following values through the text of a Python program: what it loads, and what of that it writes where.

An abstract run over the syntax tree: constants are folded (joined paths, f-strings, reversed and base64 text, argparse
with the words of the command), everything else is the set of names that it comes from. Comments, docstrings and what is
printed to the screen are no use of anything. Never executed, and bounded: the text is the adversary's.
"""

from collections.abc import Callable, Mapping, Sequence

from review.commands.effects import ContentOrigin, Effects
from review.commands.python.abstract_run import AbstractRun
from review.commands.python.expressions import TooLong
from review.commands.python.given import Given
from review.commands.python.modules import imported_trees
from review.commands.python.options import bound_options
from review.commands.python.syntax import parsed

_LONGEST = 1 << 18
"""Characters; what is longer is data in the shape of a program."""


def python_effects(
    text: str,
    argv: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    start: Callable[[str], frozenset[ContentOrigin]] = lambda _: frozenset(),
    modules: Callable[[str], str | None] = lambda _: None,
) -> Effects:
    """What the program ``text``, called with the words ``argv``, does; not whole where it cannot be followed.

    ``start`` follows a shell command that it starts, and tells where what that prints comes from; ``modules`` gives the
    text of a file that it imports.
    """
    effects = Effects()
    tree = parsed(text) if len(text) <= _LONGEST else None
    if tree is None:
        effects.whole = False
        return effects
    try:
        given = Given(tuple(argv), environ or {}, bound_options(tree, argv), start)
        AbstractRun(tree, effects, given, imported_trees(tree, modules)).run()
    except (RecursionError, TooLong):
        effects.whole = False
    return effects
