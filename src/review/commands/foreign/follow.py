"""What programs in other languages do: the names in them, and the calls that these stand in.

Which of several files a program takes rows from, and which it only compares with, that does not tell. So content is said to
go from one name to another only where the program reads one name of data alone.
"""

import re
from collections.abc import Sequence

from review.commands.effects import Effects

_LITERAL = re.compile(r"(?P<quote>[\"'`])(?P<text>(?:\\.|(?!(?P=quote))[^\\\n]){1,400})(?P=quote)")
_NAME = re.compile(
    r"^[\w.~@-]*/[\w./@*%-]+\.\w{1,8}$|^[\w.-]+\.(jsonl?|csv|tsv|parquet|arrow|txt|gz|zip|pkl|db|ndjson|npy|safetensors)$"
)
_WRITING = re.compile(
    r"(?i)(write\w*|append\w*|save\w*|out\w*|create\w*|put_contents|spew|dump\w*)\W*$|\bTO\s*$"
)
_COPYING = re.compile(r"(?i)(copy\w*|\bcp|\bmv|rename\w*|link\w*)\W*$")
_MODE = re.compile(r"^\s*,\s*[\"'](w|a|wb|ab|wt|>>?)[\"']")
_APPENDED = re.compile(r"\+?>>?\s*(\S+)")
_BEFORE = 300
"""Characters before a name in which the call that it stands in is looked for."""
_ASSIGNED = re.compile(r"(?:const|let|var|my|local)?\s*[$@%]?(?P<variable>\w+)\s*(?:=|<-|:=)\s*$")
_COMMENT = re.compile(r"(?m)^\s*(?:#|//|--).*$|/\*.*?\*/", re.DOTALL)
_ARGUMENTS = re.compile(r"\bargv\b|\bARGV\b|commandArgs|os\.Args|Deno\.args|@ARGV|\barg\[|env::args|\$argv")
_WRITES = re.compile(r"(?i)\b\w*(write|append|save|copy|put_contents|output)\w*\s*\(")
_COUNTED = re.compile(r"[^;\n]{0,200}\.(?:length|size|count)\b\s*(?:\(\))?\s*(?:;|\n|\Z)")
"""What follows a name in a statement that only asks how much there is."""
_LONGEST = 1 << 18


def foreign_effects(text: str, arguments: Sequence[str] = ()) -> Effects:
    """What a program in such a language, called with these words, does; not whole."""
    effects = Effects(whole=False)
    text = _COMMENT.sub(" ", text[:_LONGEST])
    counted = False
    for found in _LITERAL.finditer(text):
        name = found["text"].strip()
        if opened := _APPENDED.fullmatch(name):
            effects.write(opened[1])  # open(F, ">name")
        elif _NAME.search(name):
            if _is_written(text, found):
                effects.write(name)
            else:
                effects.read(name)
                counted = counted or _COUNTED.match(text, found.end()) is not None
    if _ARGUMENTS.search(text):
        _with_arguments(effects, text, [word for word in arguments if not word.startswith("-")])
    if len(effects.reads) == 1 and not counted:
        (source,) = effects.reads
        for target in [name for name in effects.writes if name != source]:
            effects.write(target, effects.load(source))
    return effects


def _with_arguments(effects: Effects, text: str, words: Sequence[str]) -> None:
    """Names that it is called with: it writes the last one where it writes at all and names no other target."""
    *first, last = words or ("",)
    for word in filter(None, first):
        effects.read(word)
    if last and not effects.writes and _WRITES.search(text) and (first or effects.reads):
        effects.write(last)
    elif last:
        effects.read(last)


def _is_written(text: str, literal: re.Match[str]) -> bool:
    """Whether the call that a name stands in, or one that its variable is handed to, writes."""
    before = text[max(0, literal.start() - _BEFORE) : literal.start()]
    call, inside = _around(before)
    if _MODE.match(text[literal.end() : literal.end() + 12]) or re.search(
        r"[\"']\+?>>?[^\"']*[\"']\s*,\s*$", before
    ):
        return True
    if _WRITING.search(call) and not re.search(r"\)\s*$", call):
        first = not inside.strip()
        return first or not _is_first_a_name(inside)
    if _COPYING.search(call):
        return "," in inside
    assigned = _ASSIGNED.search(before)
    if assigned is None:
        return False
    used = re.compile(rf"(?P<call>[\w.]+)\s*\(\s*[$@%]?{re.escape(assigned['variable'])}\b")
    return any(_WRITING.search(one["call"]) for one in used.finditer(text))


def _around(before: str) -> tuple[str, str]:
    """What stands before the parenthesis that is open at the end, and what stands in it; all and nothing where none is."""
    closed = 0
    for place in range(len(before) - 1, -1, -1):
        if before[place] in ";\n":
            break
        closed += {")": 1, "(": -1}.get(before[place], 0)
        if closed < 0:
            return before[:place], before[place + 1 :]
    return before, ""


def _is_first_a_name(inside: str) -> bool:
    """Whether a call that writes has a name before this one, so that this one is what it takes."""
    return bool(re.match(r"\s*[\"'`]", inside))
