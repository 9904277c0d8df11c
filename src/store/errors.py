"""The one family of errors: every message says what is wrong, where, and what to do about it.

The command line prints ``str(error)`` as a single line and exits with ``error.exit_code``; nothing below it
prints or exits.
"""

from typing import ClassVar


class PtbError(Exception):
    """Anything that ptb tells its user instead of showing a traceback."""

    exit_code: ClassVar[int] = 2


class BadInput(PtbError):
    """What the user gave cannot be used: a wrong argument, a folder that is no run, a query that is no SELECT."""


class BadQuery(BadInput):
    """A query that cannot be answered, and where in its text that shows."""

    def __init__(self, message: str, line: int, column: int) -> None:
        """``line`` and ``column`` (of characters) count from 1."""
        super().__init__(message)
        self.line = line
        self.column = column


class UnknownRun(BadInput):
    """No run, or more than one, answers to the name given."""


class NewerSchema(BadInput):
    """The run was written by a newer ptb whose format this one cannot read."""


class Damaged(PtbError):
    """Recorded bytes are missing, cut or changed."""

    exit_code: ClassVar[int] = 1


class StoreFailed(PtbError):
    """The disk refused: full, read-only, or gone."""

    exit_code: ClassVar[int] = 1


class Unavailable(PtbError):
    """Something this machine lacks: a program, a privilege, a device."""


class Cancelled(PtbError):
    """Somebody asked for it to stop."""

    exit_code: ClassVar[int] = 130
