"""The strace program: which one, whether it can trace here, and how it is told to."""

import shutil
import subprocess
from collections.abc import Sequence

from recorder.strace import transfers
from store.errors import Unavailable

_LONGEST_STRING = 131072
"""The kernel's limit on one argument of an exec (MAX_ARG_STRLEN), so that argv is never cut."""

_OPTIONS = (
    "--follow-forks",
    "--seccomp-bpf",  # only traced calls stop the process; the others run at full speed
    "--absolute-timestamps=format:unix,precision:ns",
    "--decode-fds=path",
    f"--string-limit={_LONGEST_STRING}",
    "--abbrev=!execve,execveat",  # the whole environment, to hash it
    "--quiet=attach,personality",
    "--signal=!SIGCHLD,SIGCONT,SIGURG,SIGWINCH",  # signals that end nobody; the filter also hides deaths
)

_PROCESSES = ("execve", "execveat", "fork", "vfork", "clone", "clone3", "chdir", "fchdir", "chroot")
_USERS = ("setuid", "setreuid", "setresuid")
_FILES = (
    *("open", "openat", "openat2", "creat", "open_by_handle_at", "memfd_create"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat"),
    *("truncate", "ftruncate", "chmod", "fchmod", "fchmodat", "fchmodat2", "mount", "umount2"),
)
_OTHERS = ("connect", "io_uring_setup")

CALLS = (*_PROCESSES, *_USERS, *_FILES, *_OTHERS)
"""The system calls that make rows, and those that change what later ones mean."""

INSTALL = "install it with `apt-get install strace` (Fedora: `dnf install strace`)"


def find() -> str:
    """The path of strace; raises :class:`Unavailable` with the line that installs it."""
    path = shutil.which("strace")
    if path is None:
        raise Unavailable(f"strace is not installed: {INSTALL}")
    return path


def tether() -> list[str]:
    """The argv in front of strace that lets it die with its parent; empty where util-linux has no such tool.

    A recorder that is killed then takes strace along, and without strace the traced processes cannot go on unseen.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    argv = [setpriv, "--pdeathsig", "KILL", "--"]
    try:
        works = subprocess.run([*argv, "true"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return []
    return argv if works else []


def command(strace: str, output: str, traced: Sequence[str], *, count_bytes: bool = False) -> list[str]:
    """The argv that runs ``traced`` under strace, with the trace written to ``output``.

    ``count_bytes``: stop at reads and writes too, which costs up to eighty times the time of a small read.
    """
    calls = (*CALLS, *transfers.CALLS, *transfers.PIPES) if count_bytes else CALLS
    options = [f"--raw={_optional(transfers.CALLS)}"] if count_bytes else []
    return [strace, *_OPTIONS, *options, f"--trace={_optional(calls)}", f"--output={output}", "--", *traced]


def _optional(calls: Sequence[str]) -> str:
    """A set of calls of which this strace or machine may lack some."""
    return ",".join(f"?{name}" for name in calls)


def probe(strace: str) -> None:
    """Trace a program that does nothing; raises :class:`Unavailable` with what strace said when that fails."""
    try:
        done = subprocess.run(
            command(strace, "/dev/null", ["/bin/sh", "-c", ":"]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"strace does not start: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Unavailable(_explain(said[0] if said else f"exit code {done.returncode}"))


def _explain(said: str) -> str:
    if "not permitted" in said:
        return (
            f"strace may not trace here ({said}): inside another strace or debugger it cannot, "
            "and a container needs --cap-add SYS_PTRACE"
        )
    if "option" in said or "invalid" in said:
        return f"this strace is too old ({said}): version 5.10 or newer is needed"
    return f"strace cannot trace here: {said}"
