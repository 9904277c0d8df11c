"""What commands of a run come to when names of its folders, options that only shape output and the like are left out."""

import posixpath
import re
from collections.abc import Iterator

from review.commands.issued import issued
from review.commands.shell.simple import Simple
from review.compare.part import Deed, gather
from review.detector import RunView

_LOOKING = "cd echo printf true false export set ls cat head tail wc pwd sleep date which grep rg find mkdir test [ wait"
_SILENT = frozenset((*_LOOKING.split(), "jobs", "ps", "kill"))
"""Programs that change nothing and bring nothing in: no two runs look around alike."""
_INSTALLERS = re.compile(r"(pip[\d.]*|uv|conda|mamba|apt|apt-get|npm)\Z")
_PACKAGE = re.compile(r"[A-Za-z0-9@][\w.\-/\[\],]*")
_VERSION = re.compile(r"(===?|~=|!=|[<>]=?|@).*\Z")
_TAKES_WORD = frozenset(
    {"-r", "-c", "-i", "-f", "--index-url", "--extra-index-url", "--find-links", "--target", "-t"}
)
_LONGEST = 200
"""Characters of a command in its normal form."""


def command_deeds(run: RunView) -> tuple[Deed, ...]:
    """Programs with what they were given, and packages installed."""
    return gather(_deeds(run))


def _deeds(run: RunView) -> Iterator[Deed]:
    root = (run.manifest.facts.root or "").rstrip("/")
    for one in issued(run):
        for simple in one.simples:
            packages = list(installed(simple))
            yield from (Deed("package", name, one.seq) for name in packages)
            if not packages and simple.words and simple.program not in _SILENT:
                yield Deed("command", normal(simple, root), one.seq)


def normal(simple: Simple, root: str) -> str:
    """One simple command: the program without its folder, paths from the run's own folder on, blanks as one.

    ``python3 -u /home/agent/task/train.py --lr 1e-5 > log`` is ``python train.py --lr 1e-5``.
    """
    program = re.sub(r"\A(python|pip)[\d.]+\Z", r"\1", simple.program)
    words = [program, *(_short(word, root) for word in simple.arguments if word not in ("-u", "-S", "-P"))]
    text = " ".join(" ".join(words).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def installed(simple: Simple) -> Iterator[str]:
    """The names of packages that a command installs, without versions."""
    words = list(simple.words)
    if simple.program.startswith("python") and words[1:3] == ["-m", "pip"]:
        words = words[2:]
    program = posixpath.basename(words[0]) if words else ""
    if not _INSTALLERS.match(program) or not {"install", "add", "i"} & set(words[1:4]):
        return
    verb = next(place for place, word in enumerate(words) if word in ("install", "add", "i"))
    skip = False
    for word in words[verb + 1 :]:
        if skip or word.startswith("-"):
            skip = not skip and word in _TAKES_WORD
            continue
        name = _VERSION.sub("", word[:1] + word[1:]) if not word.startswith("@") else word
        if _PACKAGE.fullmatch(name):
            yield name.lower().replace("_", "-")


def _short(word: str, root: str) -> str:
    if root and root in word:
        word = word.replace(f"{root}/", "").replace(root, ".")
    return re.sub(r"\A\./", "", word)
