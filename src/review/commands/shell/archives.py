"""What archivers of the shell pack, and where they unpack it."""

import posixpath
from dataclasses import dataclass

from review.commands.shell.simple import Simple

ARCHIVERS = frozenset({"tar", "bsdtar", "zip", "unzip", "7z", "7za"})


@dataclass(frozen=True, slots=True)
class Packing:
    """Content goes from files into an archive, or the other way."""

    sources: tuple[str, ...]
    target: str | None
    """None for a stream."""
    piped: bool = False
    """What is unpacked comes by a stream."""


def archived(simple: Simple) -> Packing:
    """What an archiver packs or unpacks; nothing where it only lists."""
    match simple.program:
        case "zip":
            return Packing(simple.operands[1:], simple.operands[0] if simple.operands else None)
        case "unzip":
            return Packing(simple.operands[:1], _after(simple.arguments, "-d") or ".")
        case "7z" | "7za":
            verb, *named = simple.operands or ("",)
            packs, archive = verb == "a", named[0] if named else None
            place = next((word[2:] for word in simple.arguments if word.startswith("-o")), ".")
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
    if "c" in letters:
        return Packing(tuple(members), None if stream else archive)
    if "x" in letters:
        return Packing(() if stream else (archive or "",), folder or ".", piped=stream)
    return Packing((), None)


def _after(words: tuple[str, ...], option: str) -> str | None:
    return next((words[place + 1] for place, word in enumerate(words[:-1]) if word == option), None)
