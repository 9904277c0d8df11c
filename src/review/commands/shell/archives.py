"""What archivers of the shell pack, and where they unpack it."""

import posixpath
import re
from dataclasses import dataclass

from review.commands.shell.simple import Simple

ARCHIVERS = frozenset(
    {"tar", "bsdtar", "zip", "unzip", "7z", "7za", "7zz", "cpio", "pax", "ar", "unar", "rar", "unrar"}
)


@dataclass(frozen=True, slots=True)
class Packing:
    """Content goes from files into an archive, or the other way."""

    sources: tuple[str, ...]
    target: str | None
    """None for a stream."""
    piped: bool = False
    """What goes there comes by a stream, too."""


def archived(simple: Simple) -> Packing:
    """What an archiver packs or unpacks; nothing where it only lists."""
    match simple.program:
        case "zip":
            return Packing(simple.operands[1:], simple.operands[0] if simple.operands else None)
        case "unzip":
            shown = any(re.fullmatch(r"-\w*[pc]\w*", word) for word in simple.arguments)
            return Packing(simple.operands[:1], None if shown else _after(simple.arguments, "-d") or ".")
        case "cpio" | "pax":
            return _by_list(simple)
        case "ar":
            verb, *named = simple.operands or ("",)
            if re.match(r"-?[rq]", verb):
                return Packing(tuple(named[1:]), named[0] if named else None)
            return Packing(tuple(named[:1]), None if "p" in verb else ".")
        case "7z" | "7za" | "7zz" | "rar" | "unrar" | "unar":
            verb, *named = simple.operands or ("",)
            packs, archive = verb == "a", named[0] if named else None
            place = next((word[2:] for word in simple.arguments if word.startswith("-o")), ".")
            if "-so" in simple.arguments:
                return Packing(tuple(named[:1]), None)
            return Packing(tuple(named[1:] if packs else named[:1]), archive if packs else place)
        case _:
            return _tar(simple)


def _tar(simple: Simple) -> Packing:
    letters, folder, archive = "", "", None
    members: list[str] = []
    words = list(simple.arguments)
    first = True
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            option, _, value = word.partition("=")
            letters += {"--create": "c", "--extract": "x", "--get": "x"}.get(option, "")
            folder = (value or (words.pop(0) if words else "")) if option == "--directory" else folder
            archive = (value or (words.pop(0) if words else "")) if option == "--file" else archive
        elif word == "-C" and words:
            folder = words.pop(0)
        elif (word.startswith("-") and len(word) > 1) or first:
            letters += word.lstrip("-")
            archive = words.pop(0) if "f" in word and words else archive
            folder = words.pop(0) if word.endswith("C") and words else folder
        else:
            members.append(posixpath.normpath(posixpath.join(folder, word)))
        first = False
    stream = archive in (None, "-")
    if "x" in letters and ("O" in letters or "--to-stdout" in simple.arguments):
        return Packing(() if stream else (archive or "",), None, piped=stream)
    if "c" in letters:
        return Packing(tuple(members), None if stream else archive)
    if "x" in letters:
        return Packing(() if stream else (archive or "",), folder or ".", piped=stream)
    return Packing((), None)


def _by_list(simple: Simple) -> Packing:
    """Archivers that take the names of files, or an archive, from their input."""
    letters = "".join(word[1:] for word in simple.arguments if re.fullmatch(r"-\w+", word))
    if "p" in letters or "rw" in letters:
        return Packing((), simple.operands[-1] if simple.operands else ".", piped=True)
    if "i" in letters or "r" in letters:
        return Packing((), None if "--to-stdout" in simple.arguments else ".", piped=True)
    return Packing((), None, piped=True)


def _after(words: tuple[str, ...], option: str) -> str | None:
    return next((words[place + 1] for place, word in enumerate(words[:-1]) if word == option), None)
