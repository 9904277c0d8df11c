"""Whether two names that commands have for files may mean the same one."""

import fnmatch
import posixpath


def same(one: str, other: str) -> bool:
    """Whether two names may mean the same file, or one a folder that the other lies in."""
    if one == other:
        return True
    if "*" in one or "*" in other:
        return fnmatch.fnmatch(one, other) or fnmatch.fnmatch(other, one) or _within(one, other)
    return _within(one, other)


def _within(one: str, other: str) -> bool:
    first, second = one.rstrip("/*"), other.rstrip("/*")
    if not first or not second:
        return False
    if first.startswith(second + "/") or second.startswith(first + "/"):
        return True
    if posixpath.isabs(first) != posixpath.isabs(second):
        return first.endswith("/" + second) or second.endswith("/" + first)
    return first == second
