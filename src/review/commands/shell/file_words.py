"""Which words of a well-known tool name files that it copies, fills, changes in place, or takes away."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from review.commands.shell.simple import Simple

COPIERS = frozenset({"cp", "mv", "ln", "rsync", "install"})
PATTERN_TOOLS = frozenset(
    {"grep", "zgrep", "egrep", "fgrep", "sed", "awk", "gawk", "mawk", "jq", "gojq", "perl", "rg"}
)
"""Tools of which the first operand is a pattern or a program."""
_LINE_ENDS = re.compile(r"s(.)(\\r|(\[ \\t\]|\[\[:space:\]\]|\[\[:blank:\]\]|\\s| )[*+]?)\$\1\1g?")
"""A script of sed or perl that takes carriage returns or blanks off the ends of lines, which no program minds."""
_CHANGING = frozenset({"rm", "unlink", "shred", "truncate", "tee", "sponge", "touch"})
_EDITORS = frozenset({"ed", "red", "ex", "vi", "vim", "nvim"})


@dataclass(frozen=True, slots=True)
class Copy:
    """Files go from names to a name."""

    sources: tuple[str, ...]
    target: str
    into: bool
    """The target is surely a folder."""


def copied(simple: Simple) -> Copy | None:
    """What a tool that copies, moves or links does; None for others."""
    words = simple.operands
    if simple.program == "install":
        valued = {
            word for option, word in itertools.pairwise(simple.arguments) if option in ("-m", "-o", "-g")
        }
        words = tuple(word for word in words if word not in valued)
    if simple.program not in COPIERS or len(words) < 2:
        return None
    if simple.program == "rsync":  # which takes the content of a folder that is written so
        words = tuple(f"{word}." if word.endswith("/") else word for word in words[:-1]) + words[-1:]
    *sources, target = words
    if "-t" in simple.arguments:
        target, *sources = words
    into = target.endswith("/") or len(sources) > 1 or "*" in sources[0] or target == "."
    return Copy(tuple(sources), target, into)


def pattern_files(simple: Simple) -> tuple[str, ...]:
    """The files that a tool of patterns goes over."""
    return _scripts_and_files(simple)[1]


def pattern_scripts(simple: Simple) -> tuple[str, ...]:
    """The patterns or programs that such a tool is given."""
    return _scripts_and_files(simple)[0]


def is_in_place(simple: Simple) -> bool:
    """Whether a tool of patterns changes the files that it goes over, in more than blanks at the ends of lines."""
    if simple.program in ("gawk", "awk"):
        return ("-i", "inplace") in itertools.pairwise(simple.arguments)
    if simple.program not in ("sed", "perl"):
        return False
    scripts, _ = _scripts_and_files(simple)
    only_ends = bool(scripts) and all(_LINE_ENDS.fullmatch(script) for script in scripts)
    return not only_ends and any(re.match(r"-[a-z0-9]*i", word) for word in simple.arguments)


def edited_files(simple: Simple) -> tuple[str, ...]:
    """The files that an editor which takes its orders from words or its input changes."""
    if simple.program not in _EDITORS:
        return ()
    orders = {
        word
        for option, word in itertools.pairwise(simple.arguments)
        if option in ("--cmd", "-S", "-u", "-p") or re.fullmatch(r"-\w*c", option)
    }
    ordered = bool(orders) or simple.program in ("ed", "red", "ex") or "-es" in simple.arguments
    return tuple(word for word in simple.operands if word not in orders and word[0] != "+") if ordered else ()


def _scripts_and_files(simple: Simple) -> tuple[tuple[str, ...], tuple[str, ...]]:
    scripts: list[str] = []
    named: list[str] = []
    script_next = False
    words = list(simple.arguments)
    if simple.program in ("jq", "gojq"):
        words = list(_without_variables(words))
    for word in words:
        if script_next:
            script_next = False
            scripts.append(word)
        elif word in ("-e", "-f", "--file") or (word == "--expression" and simple.program != "grep"):
            script_next = True
        elif not word.startswith("-") and word != "inplace":
            named.append(word)
    if scripts:
        return tuple(scripts), tuple(named)
    return tuple(named[:1]), tuple(named[1:])


def _without_variables(words: list[str]) -> Iterator[str]:
    """The words of ``jq`` but for those that set its variables."""
    left = iter(words)
    for word in left:
        if word in ("--arg", "--argjson", "--slurpfile", "--rawfile", "--argfile"):
            next(left, None), next(left, None)
        elif word in ("--indent", "-L"):
            next(left, None)
        else:
            yield word


def changed_words(simple: Simple) -> tuple[str, ...]:
    """Files that a simple command writes, empties, moves away or deletes, as its words have them."""
    words = list(simple.writes)
    copy = copied(simple)
    if copy is not None:
        words += [*(copy.sources if simple.program == "mv" else ()), copy.target]
    elif simple.program in _CHANGING:
        words += simple.operands
    elif simple.program == "dd":
        words += [word[3:] for word in simple.arguments if word.startswith("of=")]
    elif is_in_place(simple):
        words += pattern_files(simple)
    else:
        words += edited_files(simple)
    return tuple(words)


def laid(simple: Simple) -> Iterator[tuple[str, str]]:
    """Files that get a text which stands in the command itself, each with the text."""
    text = None
    if simple.program in ("cat", "tee"):
        text = simple.heredoc
    elif simple.program in ("echo", "printf"):
        text = " ".join(simple.arguments) + "\n"
    if text is not None:
        words = (*simple.writes, *(simple.operands if simple.program == "tee" else ()))
        yield from ((word, text) for word in words if word not in simple.complaints and word != "/dev/null")
