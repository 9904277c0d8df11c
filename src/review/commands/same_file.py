"""Whether two names that commands have for files may mean the same one."""

import fnmatch
import posixpath
from functools import lru_cache


def same(one: str, other: str) -> bool:
    """Whether two names may mean the same file, or one a folder that the other lies in."""
    if one == other:
        return True
    if "*" in one or "*" in other:
        return _matches(one, other) or _matches(other, one) or _within(one, other)
    return _within(one, other)


@lru_cache(maxsize=1 << 14)
def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern means the file, or files in that folder."""
    if "*" not in pattern:
        return False
    return fnmatch.fnmatch(name, pattern) or _lies_in(name.split("/"), pattern.split("/"))


def _lies_in(folder: list[str], pattern: list[str]) -> bool:
    """Whether the pattern goes on below the folder: ``run/step-*/model.bin`` below ``run/step-5``."""
    if "." in folder[-1][1:] or len(folder) >= len(pattern) or "**" in pattern[: len(folder)]:
        return False
    above = list(zip(folder, pattern, strict=False))
    told = any(part.replace("*", "") for _, part in above)
    return told and all(fnmatch.fnmatchcase(name, part) for name, part in above)


def _within(one: str, other: str) -> bool:
    first, second = one.rstrip("/*"), other.rstrip("/*")
    if not first or not second:
        return False
    if first.startswith(second + "/") or second.startswith(first + "/"):
        return True
    if posixpath.isabs(first) != posixpath.isabs(second):
        return first.endswith("/" + second) or second.endswith("/" + first)
    return first == second
