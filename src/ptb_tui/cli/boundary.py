"""Where every error of the command line ends: one line on stderr and an exit code, never a traceback.

An exception that no rule below names is a bug of ptb. Its traceback goes to a file, because a reviewer's
terminal is no place for one, and the line names that file.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from store.errors import PtbError
from store.plain import plain

USAGE = 2
INTERRUPTED = 130
BUG = 70
"""EX_SOFTWARE of sysexits.h."""
SIGPIPE = 141
"""What a shell reports for a program that writes to a closed pipe."""


def call(command: click.Command, args: Sequence[str]) -> int:
    """Run ``command`` and return its exit code, whatever happens inside."""
    try:
        # Not command.main(): that turns a closed pipe into exit code 1, which here means "the answer is bad".
        with command.make_context("ptb", list(args)) as context:
            code = command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "ptb"
        return _say(f"{_sentence(error.format_message())} (see {path} --help)", USAGE)
    except click.ClickException as error:
        return _say(error.format_message(), USAGE)
    except PtbError as error:
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; there is nobody left to read it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return SIGPIPE
    except OSError as error:
        return _say(f"{error.strerror or error}: {error.filename or 'unknown file'}", USAGE)
    except Exception as error:  # noqa: BLE001  # the boundary: whatever got here is told in one line
        return _say(f"this is a bug of ptb ({type(error).__name__}); details in {_keep(error)}", BUG)
    return code if isinstance(code, int) else 0


def _sentence(message: str) -> str:
    """click's message as the middle of a line: no capital, no full stop."""
    return (message[:1].lower() + message[1:]).rstrip(".")


def _say(message: str, code: int) -> int:
    line = plain(" ".join(message.splitlines()))
    with suppress(OSError):  # stderr is closed: the exit code is all that can be told
        click.echo(f"ptb: {line}", err=True)
    return code


def _keep(error: Exception) -> Path:
    """Write the traceback where it can be found; the temporary folder where the state folder is not writable."""
    import tempfile
    import traceback
    from datetime import UTC, datetime

    from platformdirs import user_state_path

    text = "".join(traceback.format_exception(error))
    name = f"bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    folder = user_state_path("ptb", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, errors="backslashreplace")
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="ptb-bug-"))
        (folder / name).write_text(text, errors="backslashreplace")
    return folder / name
