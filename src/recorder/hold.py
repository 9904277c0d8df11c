"""How a child waits for its recorder: at a pipe of the recorder's own, whose end is the child's end too.

A child that stops itself would stay stopped for ever where the recorder is killed before anybody else knows of it;
one that reads from the recorder's pipe is told by the kernel. It opens the pipe by the recorder's descriptors, so
that the recorded command inherits nothing.
"""

import os
import select
from collections.abc import Callable, Sequence
from typing import Final

_WAITING: Final = 'exec 3<"$1" && echo >"$2" && read -r go <&3 && exec 3<&- && shift 2 && exec "$@"'
"""Opens the pipe, says so, reads a line, and becomes what follows; ends where there is no line to come."""
_LOOK_MS: Final = 20
"""Between two looks whether a child that says nothing has ended."""


class Hold:
    """One child's."""

    def __init__(self) -> None:
        self._heard, self._go = os.pipe()
        self._ready, self._said = os.pipe()

    def around(self, argv: Sequence[str]) -> list[str]:
        """The command that waits and then is ``argv``, in the same process."""
        mine = f"/proc/{os.getpid()}/fd"
        return ["/bin/sh", "-c", _WAITING, "sh", f"{mine}/{self._heard}", f"{mine}/{self._said}", *argv]

    def wait(self, ended: Callable[[], bool]) -> None:
        """Return once the child waits, or has ended."""
        poll = select.poll()
        poll.register(self._ready, select.POLLIN)
        while not poll.poll(_LOOK_MS) and not ended():
            pass
        os.close(self._ready)
        os.close(self._said)

    def release(self) -> None:
        """Let the child go on."""
        os.write(self._go, b"\n")
        self.close()

    def close(self) -> None:
        """Give the pipe back; a child that still waits ends. Safe to call twice."""
        for descriptor in (self._go, self._heard):
            if descriptor >= 0:
                os.close(descriptor)
        self._go = self._heard = -1
