"""Programs that run a command which they are told in their words: terminals, tracers, containers, queues.

Which of the words are options of such a program, and which are the command, is told by the command: it begins at a program
that is known, or it is one word that holds a whole line.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from review.commands.shell.simple import Simple

_RUNNERS = frozenset({"tmux", "screen", "su", "runuser", "doas", "gosu", "script", "flock", "watch", "ssh", "docker", "podman",
                      "apptainer", "singularity", "chroot", "strace", "ltrace", "perf", "busybox", "toybox", "taskset", "numactl",
                      "chrt", "parallel", "hyperfine", "systemd-run", "dbus-run-session", "bwrap", "firejail", "proot", "entr",
                      "fakeroot", "faketime", "unshare", "prlimit", "cgexec", "catchsegv", "valgrind", "srun", "sbatch", "qsub",
                      "tsp", "ts", "nq", "expect", "rlwrap", "dtach", "abduco", "zellij", "byobu", "retry", "chronic", "ionice",
                      "mpirun", "mpiexec", "horovodrun", "poetry", "pipenv", "hatch", "pixi", "rye", "mamba", "micromamba"})  # fmt: skip
_GIVEN = ":::"
"""What stands before the words that ``parallel`` hands over one by one."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that another program runs."""

    words: tuple[str, ...] = ()
    line: str | None = None
    """Where it is one word."""
    handed: str | None = None
    """What stands for the words that are handed over; None where there are none."""
    given: tuple[str, ...] = ()
    """The words that are handed over."""


def run_by(simple: Simple, is_known: Callable[[Sequence[str]], bool]) -> Run | None:
    """What ``simple`` runs; ``is_known`` tells the words of a command. None for a program that runs no other."""
    if simple.program not in _RUNNERS:
        return None
    words, given = simple.arguments, tuple[str, ...]()
    if simple.program == "parallel":
        place = next((n for n, word in enumerate(words) if word.startswith(_GIVEN)), len(words))
        words, given = words[:place], words[place + 1 :]
    handed = "" if simple.program == "parallel" else None
    for place, word in enumerate(words):
        if word.startswith("-"):
            continue
        if re.search(r"\s", word.strip()) and is_known(word.split()):
            return Run(line=word, handed="{}" if handed is not None else None, given=given)
        if is_known(words[place:]):
            found = words[place:]
            return Run(found, handed="{}" if handed is not None and "{}" in found else handed, given=given)
    return None
