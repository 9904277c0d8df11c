"""Files that a tool only compares rows with: nothing of them gets into what it gives out."""

import re

from review.commands.shell.file_words import pattern_files, pattern_scripts
from review.commands.shell.simple import Simple

_LOOKED_UP = re.compile(
    r"\b(NR\s*==\s*FNR|FNR\s*==\s*NR|FILENAME\s*==\s*ARGV\[1\])[^{]*\{(?P<body>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}"
)
_HELD = frozenset({"--slurpfile", "--rawfile"})


def only_compared(simple: Simple) -> tuple[str, ...]:
    """Those operands of ``comm``, ``join`` and ``awk`` of which no line is printed."""
    letters = "".join(word[1:] for word in simple.arguments if re.fullmatch(r"-[\w]+", word))
    files = [word for word in simple.operands if not word.isdigit()]
    match simple.program:
        case "comm" if len(files) == 2:
            return tuple(file for file, column in zip(files, "12", strict=True) if column in letters)
        case "join" if len(files) == 2 and "v" in letters:
            shown = next((w for w in simple.arguments if re.fullmatch(r"-v?[12]|[12]", w)), "1")[-1]
            return (files[1] if shown == "1" else files[0],)
        case "awk" | "gawk" | "mawk":
            return pattern_files(simple)[:1] if any(map(_looks_up, pattern_scripts(simple))) else ()
        case _:
            return ()


def held_in_variables(simple: Simple) -> tuple[str, ...]:
    """The files that ``jq`` has in variables which stand elsewhere than in a ``select``."""
    script = _without_selections(" ".join(pattern_scripts(simple)))
    words = simple.arguments
    return tuple(
        words[place + 2]
        for place, word in enumerate(words[:-2])
        if word in _HELD and re.search(rf"\${re.escape(words[place + 1])}\b", script)
    )


def _looks_up(script: str) -> bool:
    """Whether of the first file an ``awk`` program only keeps keys, which it asks for later."""
    found = _LOOKED_UP.search(script)
    if found is None or "next" not in found["body"] or "print" in found["body"]:
        return False
    kept = re.findall(r"(\w+)\[[^\]]*\]\s*(?:=\s*(?:1|\"\")|\+\+)?\s*(?=[;}]|$|next)", found["body"] + ";")
    return bool(kept) and not re.search(r"=\s*\$0", found["body"])


def _without_selections(script: str) -> str:
    """A program of ``jq`` without what stands in ``select(…)``."""
    place, kept = 0, ""
    for found in re.finditer(r"\bselect\s*\(", script):
        if found.start() < place:
            continue
        kept, place, deep = kept + script[place : found.start()], found.end(), 1
        while place < len(script) and deep:
            deep += {"(": 1, ")": -1}.get(script[place], 0)
            place += 1
    return kept + script[place:]
