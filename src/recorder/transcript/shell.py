"""Which tool calls run a shell, and the text that the shell was given."""

import re

from recorder.transcript.decode import Json, string

SHELL_TOOLS = frozenset({"Bash", "bash", "run_shell_command", "command_execution", "shell", "local_shell"})
"""Claude Code, OpenCode, Gemini CLI and the two names that Codex has used."""

_SHELLS = frozenset({"bash", "sh", "zsh", "dash"})
_COMMAND_FLAGS = frozenset({"-c", "-lc", "-ic", "-lic"})
_PARTS = re.compile(
    r"""(?P<space>[ \t\n]+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.?)|(?P<open>['"])"""
    r"""|(?P<plain>[^ \t\n'"\\]+)""",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r"\\([$`\"\\])|\\\n")
"""What a backslash quotes inside double quotes (POSIX 2.2.3)."""


def shell_text(tool: str, arguments: Json) -> str | None:
    """What the shell runs, or None when the tool is no shell; wrappers such as ``bash -lc`` are taken off."""
    if tool not in SHELL_TOOLS:
        return None
    command = arguments.get("command")
    if isinstance(command, list):
        words = [str(word) for word in command]
        return unwrap_words(words) or " ".join(words)
    return unwrap(command) if isinstance(command, str) else None


def shell_folder(arguments: Json) -> str | None:
    """The folder that the call names, as Gemini CLI and OpenCode allow it."""
    return string(arguments, "workdir", "cwd", "dir_path", "directory")


def unwrap(command: str) -> str:
    """``ls`` of ``/bin/bash -lc 'ls'``; anything else as it is."""
    words = split_words(command)
    return command if words is None else unwrap_words(words) or command


def unwrap_words(words: list[str]) -> str | None:
    """The script in ``[shell, "-lc", script]``."""
    if len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS and words[1] in _COMMAND_FLAGS:
        return words[2]
    return None


def split_words(command: str) -> list[str] | None:
    """Words by POSIX quoting, no more than four; None where a quote stays open.

    ``shlex`` keeps the backslash of ``"\\$"``, which the shell takes away and Codex writes.
    """
    words: list[str] = []
    word: list[str] | None = None
    for part in _PARTS.finditer(command):
        if part["space"]:
            if word is not None:
                words.append("".join(word))
            word = None
            if len(words) > 3:
                return words
            continue
        if part["open"]:
            return None
        word = word or []
        if part["double"] is not None:
            word.append(_IN_DOUBLE.sub(r"\1", part["double"]))
        elif part["escaped"] is not None:
            word.append(part["escaped"].replace("\n", ""))
        else:
            word.append(part["single"] if part["single"] is not None else part["plain"])
    return words if word is None else [*words, "".join(word)]
