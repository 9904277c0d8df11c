"""What of a command would still do something when its author has gone: a training, a copy, a loop over either.

Programs that only wait, look or tell the time do nothing by themselves; a shell does what its script does.
"""

import posixpath
import re
from collections.abc import Callable, Iterable

from review.commands.shell.launch import Language, launched
from review.commands.shell.simple import Simple
from review.commands.shell.syntax import simple_commands

Texts = Callable[[str], str | None]
"""The text of a script by its path, as a command has it; None where it is not known."""

IDLE = frozenset({"sleep", "echo", "printf", "date", "true", "false", ":", "test", "[", "[[", "nvidia-smi", "tail", "head",
                   "cat", "grep", "wait", "trap", "ps", "df", "du", "free", "ls", "top", "htop", "kill", "pkill", "read", "set",
                   "export", "cd", "watch", "less", "for", "case", "break", "continue", "exit", "return", "disown", "uptime",
                   "ssh-agent", "gpg-agent", "dbus-daemon", "git", "touch", "wc", "stat", "pgrep", "shift", "seq", "who",
                   "tmux", "screen", "tee"})  # fmt: skip
"""Programs that do nothing by themselves."""
_MOVES = frozenset({"cp", "mv", "rsync", "ln", "install", "tar", "dd"})
_AGAIN = frozenset({"watch", "entr", "watchexec", "retry", "flock", "chronic", "numactl"})
"""Programs that run another one, which they are handed as words or as text."""
_SERVER = re.compile(
    r"(?i)vllm|sglang|http\.server|uvicorn|gunicorn|ollama|tensorboard|jupyter(?!.{0,200}(nbconvert|execute))|\bray\b|wandb|nvidia|redis|serve"
)
_WORK = re.compile(r"(?i)train|tune|sft|grpo|dpo|\.py\b|accelerate|torchrun|deepspeed|\.ipynb\b")
_ASIDE = re.compile(r"\.(log|out|err|bak)$|(^|/)logs?(/|$)")
_DEEPEST = 3


def is_server(words: Iterable[str]) -> bool:
    """Whether a command line is that of a program that answers others."""
    return _SERVER.search(" ".join(words)) is not None


def works(simple: Simple, texts: Texts, depth: int = 0) -> bool:
    """Whether ``simple`` trains, moves files about, or runs what does."""
    if not simple.words or depth > _DEEPEST:
        return False
    if (inner := _run_again(simple)) is not None:
        return any(works(one, texts, depth + 1) for one in simple_commands(inner))
    if simple.program in IDLE or is_server(simple.words):
        return False
    if simple.program in _MOVES:
        return not all(_ASIDE.search(word) for word in simple.operands[-1:])
    launch = launched(simple)
    if launch is None:
        return _WORK.search(f"{' '.join(simple.words)} {simple.heredoc or ''}") is not None
    text = launch.text if launch.script is None else texts(launch.script)
    shell = launch.language is Language.SHELL or (text or "").startswith(
        ("#!/bin/bash", "#!/bin/sh", "#!/usr/bin/env bash")
    )
    if shell and text is not None:
        return any(works(one, texts, depth + 1) for one in simple_commands(text))
    return (
        launch.language is not Language.SHELL
        and _WORK.search(f"{' '.join(simple.words)} {text or ''}") is not None
    )


def _run_again(simple: Simple) -> str | None:
    """The command that a program runs again and again, or elsewhere, as one text; None for other programs."""
    if simple.program == "ssh":
        return " ".join(simple.operands[1:])
    if simple.program not in _AGAIN:
        return None
    words = list(simple.arguments)
    while words and (words[0].startswith("-") or words[0].replace(".", "").isdigit()):
        words.pop(0)
    return " ".join(words)


def left_running(text: str, texts: Texts) -> list[Simple]:
    """The works among what a shell command starts and does not wait for, by itself or by the scripts that it runs."""
    return _left_running(simple_commands(text), texts, 0)


def _left_running(simples: list[Simple], texts: Texts, depth: int) -> list[Simple]:
    found = []
    for place, simple in enumerate(simples):
        if simple.background and works(simple, texts):
            if not any(_awaits(after) for after in simples[place + 1 :]):
                found.append(simple)
            continue
        inner = _behind_it(simple)
        if inner is not None and depth < _DEEPEST:
            found += _left_running(simple_commands(inner), texts, depth + 1)
        launch = launched(simple) if depth < _DEEPEST else None
        text = texts(launch.script) if launch is not None and launch.script is not None else None
        if launch is not None and text is not None and launch.language is not Language.PYTHON:
            found += _left_running(simple_commands(text), texts, depth + 1)
    return found


def _behind_it(simple: Simple) -> str | None:
    """What a shell runs when it ends, or another machine's shell runs."""
    if simple.program == "trap" and {"EXIT", "0", "HUP", "SIGHUP", "TERM", "SIGTERM"} & set(
        simple.operands[1:]
    ):
        return simple.operands[0]
    return " ".join(simple.operands[1:]) if simple.program == "ssh" else None


def _awaits(simple: Simple) -> bool:
    return simple.program in ("wait", "kill", "pkill", "killall", "fg") or any(
        "/proc/" in word or word.startswith("--pid") for word in simple.words
    )


def script_texts(known: Iterable[tuple[str, str]]) -> Texts:
    """The last text among ``known`` (path and text) that lies at a path, or has its name."""
    by_name = {posixpath.basename(path): text for path, text in known}
    return lambda path: by_name.get(posixpath.basename(path))
