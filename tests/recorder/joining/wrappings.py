"""How each scaffold hands a command to its shell: argv as seen in real runs and in the scaffolds' sources."""

import shlex
from collections.abc import Callable

Wrapping = Callable[[str], list[str]]


def claude(text: str) -> list[str]:
    """2.1.197."""
    script = (
        "source /root/.claude/shell-snapshots/snapshot-bash-1795296527970-ao5v0c.sh 2>/dev/null || true && "
        "shopt -u extglob 2>/dev/null || true && eval '" + text.replace("'", "'\\''") + "' < /dev/null && "
        "pwd -P >| /tmp/claude-e6d4-cwd"
    )
    return ["/bin/bash", "-c", script]


def claude_login(text: str) -> list[str]:
    """Before 2.1, with the redirection among eval's words."""
    script = (
        f"source /root/.claude/snapshot.sh && eval {shlex.quote(text)} \\< /dev/null && pwd -P >| /tmp/c-cwd"
    )
    return ["/bin/bash", "-c", "-l", script]


def codex(text: str) -> list[str]:
    return ["/bin/bash", "-lc", text]


def gemini(text: str) -> list[str]:
    """0.61."""
    script = (
        "shopt -u promptvars nullglob extglob nocaseglob dotglob; _bgpids_file=/tmp/gemini-shell-K8/bgpids.tmp\n(\n"
        f"  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n{text}\n)\n__code=$?\nexit $__code"
    )
    return ["/usr/bin/bash", "-c", script]


def gemini_group(text: str) -> list[str]:
    """Before 0.61."""
    group = (
        f"{{ {text}{'' if text.endswith('&') else ';'} }}; __code=$?; pgrep -g 0 >/tmp/shell_pgrep_1.tmp 2>&1"
    )
    return ["bash", "-c", f"shopt -u promptvars nullglob extglob nocaseglob dotglob; {group}; exit $__code;"]


def opencode(text: str) -> list[str]:
    return ["/bin/bash", "-c", text]


WRAPPINGS: dict[str, Wrapping] = {
    "claude": claude,
    "claude_login": claude_login,
    "codex": codex,
    "gemini": gemini,
    "gemini_group": gemini_group,
    "opencode": opencode,
}
