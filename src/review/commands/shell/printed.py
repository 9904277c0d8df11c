"""What a tool of the shell prints, where its words and its input tell: texts, and the names of files.

``cp $(find . -name x) y``, ``ls *.txt | xargs cat`` and ``echo … | base64 -d | bash`` name and run what another program
printed. A name that cannot be told whole is a pattern.
"""

import base64
import binascii
import codecs
import itertools
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from review.commands.shell.file_words import pattern_files, pattern_scripts
from review.commands.shell.simple import Simple

_LONGEST = 1 << 16
"""Characters of one text."""
_PASSING = frozenset({"cat", "head", "tail", "sort", "uniq", "shuf", "tac", "tee", "grep", "egrep", "rg", "sponge", "pv",
                      "fgrep", "stdbuf", "sed", "awk", "cut", "column", "xargs"})  # fmt: skip
"""What they give out are lines that they take in, or parts of these."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Texts in names."""

    spared: tuple[str, ...]
    """What has one of them is passed over."""
    chosen: tuple[str, ...]
    """Where there are any, only what has one of them is taken."""


_CUTTING = frozenset({"sed", "awk", "cut"})
_PATHS = frozenset({"realpath", "readlink", "abspath"})
_FOUND_BY = frozenset({"-name", "-iname", "-path", "-wholename", "-ipath"})
_EXECUTING = frozenset({"-exec", "-execdir", "-ok"})
_LISTS = frozenset({"-T", "--files-from", "--null-files-from"})
_MOST_NAMES = 32
_SET_BY_SED = re.compile(r"s(.)([\w./ -]*)\1([\w./ -]*)\1g?")
_ROT13 = {("A-Za-z", "N-ZA-Mn-za-m"), ("a-zA-Z", "n-za-mN-ZA-M"), ("N-ZA-Mn-za-m", "A-Za-z")}


def printed(simple: Simple, given: str | None, text_of: Callable[[str], str | None]) -> str | None:
    """What ``simple`` prints when it is ``given`` that text; None where it cannot be told."""
    name, words = simple.program, simple.operands
    text: str | None = None
    match name:
        case "echo":
            text = " ".join(word for word in simple.arguments if word not in ("-n", "-e", "-E", "-ne"))
        case "printf":
            text = _formatted(words)
        case "pwd":
            text = "."
        case "ls" | "dir":
            text = _listed(simple)
        case "find" | "fd" | "fdfind":
            text = "\n".join(found(simple))
        case "basename" if words:
            text = posixpath.basename(words[0].rstrip("/"))
            text = text.removesuffix(words[1]) if len(words) > 1 else text
        case "dirname" if words:
            text = posixpath.dirname(words[0]) or "."
        case "cat" if words:
            parts = [text_of(word) for word in words]
            text = "".join(part or "" for part in parts) if all(parts) else None
        case "base64" | "openssl" | "rev" | "tr" if given is not None:
            text = _turned(simple, given)
        case _ if name in _PATHS and words:
            text = "\n".join(words)
        case _ if name in _PASSING and given is not None:
            text = _passed(simple, given)
    return text if text is None or len(text) <= _LONGEST else None


def found(simple: Simple) -> tuple[str, ...]:
    """Patterns for the names that ``find`` finds."""
    words = list(simple.arguments)
    if simple.program != "find":
        named, below = simple.operands[:1], simple.operands[1:] or (".",)
        return tuple(posixpath.join(folder, "**", f"*{name}*") for name in named for folder in below)
    folders: list[str] = []
    while words and not words[0].startswith(("-", "(", "!", "\\")):
        folders.append(words.pop(0))
    patterns = [word for word, kept in _named(words) if kept]
    if patterns and not {"-o", "-or"} & set(words):
        patterns = [min(patterns, key=lambda word: word.count("*"))]
    places = folders or ["."]
    if not patterns:
        return tuple(posixpath.join(place, "**") for place in places)
    told = (one for place in places for pattern in dict.fromkeys(patterns) for one in _below(place, pattern))
    return tuple(told)


def _below(folder: str, pattern: str) -> tuple[str, ...]:
    """Names that fit the pattern, in the folder and below; a star stands for folders, too."""
    if "/" in pattern:
        return (pattern,)
    here = posixpath.join(folder, pattern)
    return (here,) if pattern.startswith("*") else (here, posixpath.join(folder, "**", pattern))


def left_out(simple: Simple, given: str | None) -> Selection | None:
    """By which texts a tool passes over some of the names that it finds or is ``given``; None where it does not."""
    if simple.program == "find":
        told = _named(list(simple.arguments))
        return Selection(tuple(_plain(word) for word, kept in told if not kept), ())
    if simple.program in ("fd", "fdfind"):
        words = itertools.pairwise(simple.arguments)
        return Selection(tuple(_plain(word) for option, word in words if option in ("-E", "--exclude")), ())
    if simple.program.endswith(("grep", "rg")) and given is not None and not pattern_files(simple):
        texts = tuple(
            _plain(part) for script in pattern_scripts(simple) for part in re.split(r"\\?\|", script)
        )
        inverts = any(re.fullmatch(r"-\w*v\w*|--invert-match", word) for word in simple.arguments)
        return Selection(texts, ()) if inverts else Selection((), texts)
    return None


def _named(words: list[str]) -> list[tuple[str, bool]]:
    """The patterns of ``find``, each with whether what it fits is found."""
    told = []
    for place, word in enumerate(words[1:], 1):
        if words[place - 1] in _FOUND_BY:
            negated = place > 1 and words[place - 2] in ("!", "-not", "\\!")
            pruned = "-prune" in words[place + 1 : place + 3]
            told.append((word, not negated and not pruned))
    return told


def _plain(pattern: str) -> str:
    """The part of a pattern that names must hold."""
    parts = re.split(r"[*?^$\[\]()\\]+|\.\*", pattern.removeprefix("./"))
    return max((part.strip("./") for part in parts), key=len)


def executed(simple: Simple) -> tuple[str, ...]:
    """The words that ``find`` runs for what it finds, ``{}`` standing for that; nothing where it runs none."""
    words = simple.arguments
    start = next((place + 1 for place, word in enumerate(words) if word in _EXECUTING), None)
    if start is None:
        return ()
    ends = [place for place, word in enumerate(words) if place >= start and word in (";", "\\;", "+")]
    return words[start : ends[0] if ends else len(words)]


def handed_over(simple: Simple, given: str | None, text_of: Callable[[str], str | None]) -> tuple[str, ...]:
    """The names that an archiver or copier takes from its input, or from a file of names."""
    words = simple.arguments
    lists = [word for option, word in itertools.pairwise(words) if option in _LISTS]
    lists += [word.partition("=")[2] for word in words if word.startswith("--files-from=")]
    if simple.program in ("cpio", "pax") or "-@" in words:
        lists.append("-")
    texts = [given if name == "-" else text_of(name) for name in lists]
    return tuple(name for text in texts if text for name in text.split()[:_MOST_NAMES])


def _listed(simple: Simple) -> str:
    folder_itself = any(re.fullmatch(r"-\w*d\w*", word) for word in simple.arguments)
    names = [
        word if folder_itself or "*" in word or posixpath.splitext(word)[1] else "*"
        for word in simple.operands
    ]
    return "\n".join(names or ["*"])


def _formatted(words: tuple[str, ...]) -> str:
    if not words:
        return ""
    form, *values = words
    if values and re.fullmatch(r"(%[sb]|\\n|\\0|\s)*", form):
        return "\n".join(values)
    for value in values:
        head, mark, tail = form.partition("%s") if "%s" in form else form.partition("%b")
        form = f"{head}{value}{tail}" if mark else form
    return form.replace("\\n", "\n").replace("\\t", "\t").replace("%%", "%")


def _turned(simple: Simple, given: str) -> str | None:
    decodes = any(word in ("-d", "-D", "--decode", "-di") for word in simple.arguments)
    match simple.program:
        case "rev":
            return "\n".join(line[::-1] for line in given.splitlines())
        case "tr":
            sets = (*simple.operands, "", "")[:2]
            if sets in _ROT13:
                return codecs.encode(given, "rot13")
            return given.replace("\0", "\n") if "\\0" in simple.operands else None
        case _ if decodes:
            try:
                return base64.b64decode("".join(given.split()) + "==").decode()
            except (ValueError, binascii.Error):
                return None
    return None


def _passed(simple: Simple, given: str) -> str | None:
    if simple.program not in _CUTTING:
        return None if simple.program in ("cat", "sort", "head", "tail") and _names_files(simple) else given
    if simple.program == "sed" and not pattern_files(simple):
        for script in simple.operands:
            if change := _SET_BY_SED.fullmatch(script):
                given = given.replace(change[2], change[3]) if change[2] else given
        return given
    return given if len(given) < 1000 and "\0" not in given else None


def _names_files(simple: Simple) -> bool:
    return any(re.search(r"[./]", word) for word in simple.operands)
