"""Programs that the agent wrote and that ran: their text beside the command that ran them.

A text that names a hosted API or memfd_create does nothing while it lies there; so a file counts only when a command
or a process names it where a program stands, or when a program that ran imports it.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from review.commands.issued import Issued, issued
from review.commands.places import absolute, steps
from review.commands.shell.file_words import laid
from review.commands.shell.launch import launched
from review.commands.shell.simple import Simple
from review.detector import RunView
from review.sql_literals import text_list
from review.versions import Version, recorded_versions

_CODE = re.compile(r"\.(py|sh|js|mjs|ts|pl|rb)\Z|/[^/.]+\Z")
_IN_PLACE = re.compile(r"-[A-Za-z]*[ce]\b|<<|>|\beval\b")
"""What stands in every command that holds a program or a file itself."""
_LONGEST = 1 << 19
"""Characters of one program that are read."""
_MOST = 2000
"""Programs of a run."""


@dataclass(frozen=True, slots=True)
class Program:
    """A text that ran."""

    text: str
    path: str | None
    """None for one that was given on the command line."""
    version_seq: int | None
    """Of the recorded content."""
    ran: tuple[Issued, ...]
    """The commands that ran it, directly or by importing it."""

    @property
    def name(self) -> str:
        """What it is called, for people."""
        return posixpath.basename(self.path) if self.path else "a program on the command line"


def programs(run: RunView) -> list[Program]:
    """Every program of the agent's own that ran."""
    return run.once(_programs)


def _programs(run: RunView) -> list[Program]:
    written: dict[str, list[Version]] = {}
    for version in run.once(recorded_versions):
        if version.text and _CODE.search(version.path):
            written.setdefault(version.path, []).append(version)
    found: dict[str, list[Issued]] = {}
    inline: list[Program] = []
    for one in issued(run):
        names = [path for path in written if posixpath.basename(path) in one.text]
        if not names and not _IN_PLACE.search(one.text):
            continue
        for simple, folder in steps(run, one):
            launch = launched(simple)
            if launch is not None and launch.text is not None:
                inline.append(Program(launch.text[:_LONGEST], None, None, (one,)))
            inline += [
                Program(text[:_LONGEST], absolute(run, folder, target), None, ())
                for target, text in laid(simple)
            ]
            for word in scripts_of(simple):
                path = absolute(run, folder, word)
                for name in names:
                    if name == path or posixpath.basename(name) == posixpath.basename(path) == word:
                        found.setdefault(name, []).append(one)
    _by_processes(run, written, found)
    _imported(written, found)
    files = [
        Program((version.text or "")[:_LONGEST], path, version.seq, tuple(dict.fromkeys(ran)))
        for path, ran in found.items()
        for version in _distinct(written[path])
    ]
    return [*files, *_laid_and_run(run, inline)][:_MOST]


def scripts_of(simple: Simple) -> tuple[str, ...]:
    """Words of the command that stand where a program stands."""
    launch = launched(simple)
    told = (
        simple.words[0] if simple.words and "/" in simple.words[0] else None,
        launch.script if launch else None,
    )
    return tuple(dict.fromkeys(word for word in told if word is not None))


def _laid_and_run(run: RunView, inline: Sequence[Program]) -> Iterator[Program]:
    """Programs given in place; those laid into a file first only where something ran the file."""
    filled = {program.path: program for program in inline if program.path}
    yield from (program for program in inline if program.path is None)
    if not filled:
        return
    names = {posixpath.basename(path) for path in filled}
    ran: dict[str, list[Issued]] = {}
    for one in issued(run):
        if any(name in one.text for name in names):
            for simple, folder in steps(run, one):
                for word in scripts_of(simple):
                    if (path := absolute(run, folder, word)) in filled:
                        ran.setdefault(path, []).append(one)
    yield from (replace(filled[path], ran=tuple(dict.fromkeys(by))) for path, by in ran.items())


def _by_processes(run: RunView, written: dict[str, list[Version]], found: dict[str, list[Issued]]) -> None:
    """Files that processes ran without a command naming them."""
    names = {posixpath.basename(path) for path in written if path not in found}
    if not names:
        return
    pattern = "|".join(re.escape(name) for name in sorted(names)[:200])
    argvs = {argv for argv in run.texts(pattern) if " " in argv}
    if not argvs:
        return
    rows = run.query(
        f"SELECT seq, argv, cwd, process_id FROM execs WHERE error IS NULL AND argv IN {text_list(argvs)} ORDER BY seq"
    )
    for seq, argv, cwd, process_id in rows:
        try:
            words = tuple(shlex.split(argv))
        except ValueError:
            continue
        one = Issued(seq, argv, cwd, "", None, None, process_id)
        for word in scripts_of(Simple(words)):
            if (path := absolute(run, cwd or run.manifest.facts.root or "/", word)) in written:
                found.setdefault(path, []).append(one)


def _imported(written: dict[str, list[Version]], found: dict[str, list[Issued]]) -> None:
    """What a program that ran imports from beside it ran, too."""
    waiting = list(found)
    for path in waiting:
        folder = posixpath.dirname(path)
        for version in _distinct(written[path]):
            for module in re.findall(r"^\s*(?:from|import)\s+([\w.]+)", version.text or "", re.MULTILINE):
                beside = posixpath.join(folder, f"{module.replace('.', '/')}.py")
                if beside in written and beside not in found:
                    found[beside] = list(found[path])
                    waiting.append(beside)


def _distinct(versions: Sequence[Version]) -> list[Version]:
    return list({version.text: version for version in versions}.values())
