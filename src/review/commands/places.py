"""Where the simple commands of a command run, and the files that their words name there."""

import posixpath
import re
from collections.abc import Iterator

from review.commands.issued import Issued
from review.commands.shell.file_words import changed_words
from review.commands.shell.simple import Simple
from review.detector import RunView


def steps(run: RunView, one: Issued) -> Iterator[tuple[Simple, str]]:
    """The simple commands of a command, each with the folder that it starts in."""
    folder = posixpath.normpath(posixpath.join(run.manifest.facts.root or "/", one.cwd or ""))
    for simple in one.simples:
        yield simple, folder
        if simple.program in ("cd", "pushd") and simple.arguments:
            folder = absolute(run, folder, simple.arguments[-1])


def absolute(run: RunView, folder: str, word: str) -> str:
    """The path that a word names in ``folder``; what a shell would expand, but for the home, stays as it is."""
    home = posixpath.dirname(run.manifest.facts.root or "/root/x")
    word = re.sub(r"^(~|\$HOME|\$\{HOME\})(?=/|$)", home, word)
    word = re.sub(r"^(\$PWD|\$\{PWD\}|\$\(pwd\))(?=/|$)", folder, word)
    return posixpath.normpath(posixpath.join(folder, word))


def changed(run: RunView, simple: Simple, folder: str) -> Iterator[str]:
    """Files that a simple command writes, empties, moves away or deletes, as its words tell: absolute paths."""
    return (absolute(run, folder, word) for word in changed_words(simple))
