"""Files that a tool call writes, with their text where the call holds all of it."""

import re
from dataclasses import dataclass

from recorder.transcript.decode import Json, string

_WHOLE = frozenset({"Write", "write", "write_file", "create_file"})
_EDITS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "edit", "multiedit", "replace"})
_PATCHES = frozenset({"apply_patch", "patch"})
_PATH_KEYS = ("file_path", "filePath", "path", "absolute_path", "notebook_path")
_PATCH_FILE = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)

EDIT_ONLY = "the transcript holds the change, not the whole text"


@dataclass(frozen=True, slots=True)
class Write:
    """A file that a tool call leaves behind when it succeeds."""

    path: str
    text: str | None
    """The whole new text; None when only a change was told."""


def writes_of(tool: str, arguments: Json) -> tuple[Write, ...]:
    """What the call writes; empty for tools that write no file."""
    if tool in _PATCHES:
        return tuple(_patched(string(arguments, "patchText", "patch", "input") or ""))
    path = string(arguments, *_PATH_KEYS)
    if path is None:
        return ()
    if tool in _WHOLE:
        return (Write(path, string(arguments, "content", "file_text")),)
    return (Write(path, None),) if tool in _EDITS else ()


def edited(original: str, old: str, new: str, *, everywhere: bool) -> str | None:
    """``original`` after an edit by replacement; None when ``old`` does not stand in it."""
    if old not in original or not old:
        return None
    return original.replace(old, new) if everywhere else original.replace(old, new, 1)


def _patched(patch: str) -> list[Write]:
    """Files of a patch in the ``*** Begin Patch`` format; only an added file is told whole."""
    found = list(_PATCH_FILE.finditer(patch))
    ends = [match.start() for match in found[1:]] + [len(patch)]
    writes = []
    for match, end in zip(found, ends, strict=True):
        if match[1] == "Add":
            lines = patch[match.end() : end].split("\n")
            text = "".join(line[1:] + "\n" for line in lines if line.startswith("+"))
            writes.append(Write(match[2], text))
        elif match[1] == "Update":
            writes.append(Write(match[2], None))
    return writes
