"""What a shell was told to run, and the agent's command inside the scaffold's own wrapping.

Each scaffold wraps in its own way (all seen in the argv of real runs or in the scaffold's source):

* Claude Code: ``bash -c 'source SNAPSHOT … && eval 'CMD' < /dev/null && pwd -P >| FILE'``, with ``-l`` at first
* Codex: ``bash -lc CMD``, or ``bash -c '… exec bash -c CMD'``, an exec of the same process
* Gemini CLI: ``bash -c 'shopt -u …; (NL trap … EXIT NL CMD NL) NL __code=$?…'`` with line ends for NL, before 0.61
  ``{ CMD; }; __code=$?; pgrep -g 0 >FILE 2>&1; exit $__code;``
* OpenCode: ``bash -c CMD``, and ``bash -l -c '… eval "CMD"'`` for what its user types
"""

import re
from collections.abc import Iterator

from recorder.transcript.shell import split_words, unwrap

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "fish"})
_WITH_VALUE = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_WORD = re.compile(r"(?:'[^']*+'|\"[^\"]*+\"|[^\s'\"]++)++")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_EVAL = re.compile(r"(?:^|[\s;&])eval ")
_CODE = "__code=$?"
"""What Gemini CLI puts behind the command."""
_TRAP = re.compile(r"\n\(\n *trap [^\n]* EXIT\n")
_UNMEANT = re.compile(r"[\s'\"\\]+|</dev/null")


def shell_script(argv: str) -> str | None:
    """What ``argv`` (as :func:`shlex.join` writes it) gives a shell to run.

    None for what is no shell, and for one that runs a file or reads its input.
    """
    words = (_unquoted(match[0]) for match in _WORD.finditer(argv))
    if next(words, "").lstrip("-").rpartition("/")[2] not in _SHELLS:
        return None
    given = False
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif word.startswith(("-", "+")) and word not in ("-", "--"):
            given = given or (not word.startswith(("--", "+")) and "c" in word)
        elif word not in ("-", "--"):
            return word if given else None
    return None


def key(text: str) -> str:
    """What is left of a command when quoting, blanks and a scaffold's ``< /dev/null`` are taken away."""
    return _UNMEANT.sub("", _UNMEANT.sub("", text)).rstrip(";&")


def keys(script: str) -> set[str]:
    """The :func:`key` of every command that ``script`` may be a wrapping of, its own included."""
    found = {key(body) for body in _bodies(script)}
    return {*found, *(key(unwrap(body)) for body in _bodies(script))} - {""}


def _bodies(script: str) -> Iterator[str]:
    yield script
    if match := _EVAL.search(script):
        words = split_words(script[match.end() :])
        if words:
            yield words[0]
    before, code, _ = script.rpartition(_CODE)
    if code:
        yield before.partition("{ ")[2].rstrip().removesuffix(";").rstrip().removesuffix("}")
        if match := _TRAP.search(before):
            yield before[match.end() :].rstrip().removesuffix(")")


def _unquoted(word: str) -> str:
    return _QUOTED.sub(lambda match: match[1] if match[1] is not None else match[2], word)
