"""The recorded command as a child process: started but held back, released once every witness looks, awaited.

Exit codes are a shell's: the command's own, 128 + N after signal N, 127 where there is no such program and 126
where it cannot be executed.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar

from recorder.hold import Hold
from store.errors import BadInput


class NoSuchProgram(BadInput):
    """The command to record is not there."""

    exit_code: ClassVar[int] = 127


class NotExecutable(BadInput):
    """The command to record is there and cannot be executed."""

    exit_code: ClassVar[int] = 126


def check_command(argv: Sequence[str], folder: Path) -> None:
    """Raise :class:`NoSuchProgram` or :class:`NotExecutable` for a command that could not start in ``folder``."""
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder to run a command in; see --cwd")
    program = argv[0]
    if os.sep not in program:
        if shutil.which(program) is None:
            raise NoSuchProgram(f"{program}: no such program on PATH")
        return
    path = folder / program
    if not path.exists():
        raise NoSuchProgram(f"{program}: no such program in {folder}")
    if path.is_dir() or not os.access(path, os.X_OK):
        raise NotExecutable(f"{program} cannot be executed; is it a program, and is its x bit set?")


class Command:
    """A child process that waits for :meth:`release`."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        stdout: int | None,
        stderr: int | None,
        born: Callable[[int], None],
        environment: Mapping[str, str] | None = None,
    ):
        """Start ``argv`` in ``folder``, held back.

        ``stdout``, ``stderr`` and ``environment`` are as :class:`subprocess.Popen` takes them; ``born`` is told the pid
        at once.
        """
        self._hold = Hold()
        self._process = subprocess.Popen(
            self._hold.around(argv), cwd=folder, stdout=stdout, stderr=stderr, env=environment
        )
        born(self._process.pid)
        self._hold.wait(self._has_ended)
        self.over = threading.Event()
        """Set when the child has ended."""
        self._waiter = threading.Thread(target=self._wait, name="ptb-command", daemon=True)

    @property
    def pid(self) -> int:
        """The child's pid."""
        return self._process.pid

    @property
    def stdout(self) -> IO[bytes] | None:
        """Its output, where it was piped."""
        return self._process.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        """Its error output, where it was piped."""
        return self._process.stderr

    @property
    def returncode(self) -> int:
        """As :class:`subprocess.Popen` has it: negative after a signal. Only after :attr:`over`."""
        return self._process.returncode

    def release(self) -> None:
        """Let the command run."""
        self._hold.release()
        self._waiter.start()

    def abandon(self) -> None:
        """Kill and reap a child whose recording could not be started."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._hold.close()

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _wait(self) -> None:
        self._process.wait()
        self.over.set()


def shell_code(exit_code: int | None, number: int | None) -> int:
    """What a shell reports for an exit code, or for death by signal ``number``."""
    return 128 + number if number is not None else exit_code or 0
