"""Signals that a person or a supervisor sends to ptb while it records: they are meant for the command."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)


class Forwarding:
    """While entered, hands signals on to the process that ``target`` names and remembers that one came.

    A terminal sends Ctrl-C to its whole foreground group, the command included; handing it on too would make two of
    one, which some agents take for an order to quit at once.
    """

    def __init__(self, target: Callable[[], int | None]) -> None:
        self._target = target
        self._pending: list[int] = []
        self._previous: dict[int, Any] = {}
        self.count = 0
        """Signals that came so far."""

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _FORWARDED:
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: the command ignores it, too
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def deliver(self) -> None:
        """Hand on what came before the command could be named."""
        pid = self._target()
        while pid is not None and self._pending:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, self._pending.pop(0))

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature of a handler
        self.count += 1
        if number in _FROM_KEYBOARD and _in_foreground():
            return
        self._pending.append(number)
        self.deliver()


def _in_foreground() -> bool:
    """Whether this process group is the foreground group of a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
