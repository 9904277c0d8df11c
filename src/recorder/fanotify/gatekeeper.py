"""The process that answers for the gate: ``python -m recorder.fanotify.gatekeeper``.

Whoever opens a denied file waits in the kernel until it is answered, so the answer must not wait for anything of the
recorder's: not for its interpreter lock, which an import may hold while it waits to open a file, nor for a disk. The
groups live in this process alone: when it ends, whatever waits is let through. It ends with its input, and, should
it not be running then, is killed with the recorder.

Input: one line of JSON, ``{"deny": [PATH…], "allow_pid": PID}``; then nothing, until its end. Output: lines of JSON:
``{"ready": true}`` or ``{"refused": REASON}``, then one a denial and one for each name that could not be sealed.
Paths are text with surrogate escapes.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
import threading
import time

from recorder.fanotify.group import Event, Group, Mask
from recorder.fanotify.perimeter import Perimeter
from store.errors import Unavailable

_PR_SET_PDEATHSIG = 1


class Gatekeeper:
    """Answers in one thread, follows the names of the perimeter in another."""

    def __init__(self, perimeter: Perimeter, allowed: frozenset[int]) -> None:
        self._perimeter = perimeter
        self._allowed = allowed
        self._saying = threading.Lock()
        self._answering = threading.Lock()
        """Held from an answer until it was said."""

    def say(self, message: dict[str, object]) -> None:
        """Write one line, from either thread."""
        with self._saying:
            _say(message)

    def answer(self) -> None:
        """Answer for as long as the process lives. Nothing in here may open a file."""
        try:
            waiting = select.poll()
            groups = {group.fd: group for group in (self._perimeter.sealed, self._perimeter.awaited)}
            for fd in groups:
                waiting.register(fd, select.POLLIN)
            while True:
                for fd, _ in waiting.poll():
                    with self._answering:
                        self._answer_waiting(groups[fd])
        finally:
            os._exit(1)  # a gate that does not answer would hold everybody for ever

    def follow(self) -> None:
        """Keep the perimeter closed as names appear, until the recorder ends."""
        waiting = select.poll()
        waiting.register(0, select.POLLIN)
        waiting.register(self._perimeter.names.fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in waiting.poll()}
            if 0 in ready and not os.read(0, 1):
                self._answering.acquire()  # for good: every denial has been said, and there will be none
                return
            if self._perimeter.names.fd in ready:
                for unsealed in self._perimeter.follow():
                    self.say({"unsealed": unsealed})

    def _answer_waiting(self, group: Group) -> None:
        try:
            events = group.take()
        except OSError as error:  # the kernel has denied it: the file could not be handed over
            self.say({"unsealed": f"one open could not be looked at and was denied: {error.strerror}"})
            return
        for event in events:
            if event.mask & Mask.OVERFLOW:
                continue
            try:
                denial = self._denial(group, event)
                if denial is None:
                    group.allow(event)
                else:
                    group.deny(event)
            finally:
                event.close()
            if denial is not None:
                self.say(denial)

    def _denial(self, group: Group, event: Event) -> dict[str, object] | None:
        """What to say of a denial; None where the open is allowed."""
        if event.pid in self._allowed:
            return None
        if group is self._perimeter.awaited and not self._perimeter.is_denied(event):
            return None
        dev, inode = event.identity()
        return {
            "ts": time.time_ns(),
            "pid": event.pid,
            "path": os.fsdecode(event.path()),
            "dev": dev,
            "inode": inode,
        }


def _say(message: dict[str, object]) -> None:
    line = json.dumps(message).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


def main() -> int:
    """Set the marks, say so, answer."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    wanted = json.loads(sys.stdin.buffer.readline())
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    try:
        perimeter = Perimeter()
    except (Unavailable, OSError) as error:
        _say({"refused": str(error)})
        return 1
    gatekeeper = Gatekeeper(perimeter, frozenset({os.getpid(), wanted["allow_pid"]}))
    threading.Thread(target=gatekeeper.answer, name="answer", daemon=True).start()
    try:
        for path in wanted["deny"]:
            perimeter.deny(os.fsencode(path))
    except OSError as error:
        gatekeeper.say({"refused": f"{path}: {error.strerror}"})
        return 1
    gatekeeper.say({"ready": True})
    gatekeeper.follow()
    return 0


if __name__ == "__main__":
    os._exit(main())
