"""``python -P -m recorder.watchdog RUN REACTION GRACE_S LOCK_FD``: the watchdog's own process; its orders come on stdin.

``+ PID`` and ``- PID`` name processes, ``cgroup FOLDER`` the group made for them, ``sandbox FOLDER`` a container's own,
``done`` says goodbye. ``LOCK_FD`` is the writer's lock, held on so that nobody takes the run for finished before its
processes are.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from recorder.watchdog.cgroup import Cgroup
from recorder.watchdog.reaction import Reaction
from recorder.watchdog.tree import Tree, send
from store.death import Death
from store.errors import PtbError

_LOOK_S = 1.0
"""Between two looks for new descendants, where no cgroup holds them together."""
_STEP_S = 0.05
_ROUNDS = 100
"""What forks faster than it is stopped this often is looked at again a step later."""
_ENDING_S = 10.0
"""How long processes may take to die of SIGKILL; one inside a broken driver never does."""


class Watch:
    """What is known of the recorded processes."""

    def __init__(self) -> None:
        self._tree = Tree()
        self._cgroup: Cgroup | None = None
        self._is_sandbox = False
        self._rest = b""
        self.dismissed = False

    def obey(self, data: bytes) -> None:
        """Take in orders."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            order, _, value = line.partition(b" ")
            if order == b"+":
                self._tree.add(int(value))
            elif order == b"-":
                self._tree.drop(int(value))
            elif order in (b"cgroup", b"sandbox"):
                self._cgroup = Cgroup(Path(os.fsdecode(value)))
                self._is_sandbox = order == b"sandbox"
            elif order == b"done":
                self.dismissed = True

    def look(self) -> None:
        """Learn of descendants before their parents are gone."""
        if self._cgroup is None:
            self._tree.members()

    def freeze(self) -> int:
        """Stop all that moves; how many processes there are."""
        for _ in range(_ROUNDS):
            held = self._freeze_cgroup()
            members = self._tree.members()
            moving = [pid for pid, one in members.items() if not one.stopped and pid not in held]
            if not moving:
                break
            for pid in moving:
                send(pid, signal.SIGSTOP)
            time.sleep(0.001)
        return len(members.keys() | held)

    @property
    def resumed(self) -> bool:
        """Whether somebody let a frozen container go on: another recording does, once it looks."""
        return self._is_sandbox and self._cgroup is not None and not self._cgroup.is_held

    def let_go(self) -> None:
        """Leave the group as it was found."""
        if self._cgroup and self._is_sandbox:
            self._cgroup.thaw()
        elif self._cgroup:
            self._cgroup.remove()

    def end(self) -> bool:
        """SIGKILL to all; whether they are gone."""
        deadline = time.monotonic() + _ENDING_S
        while time.monotonic() < deadline:
            if self._cgroup:
                self._cgroup.kill()
            members = self._tree.members()
            for pid in members:
                send(pid, signal.SIGKILL)
            if not members and not (self._cgroup and self._cgroup.members()):
                break
            time.sleep(0.005)
        else:
            return False
        return True

    def _freeze_cgroup(self) -> set[int]:
        """The members of a group that stands still; none where the group cannot hold them."""
        if self._cgroup is None or not self._cgroup.freeze():
            return set()
        deadline = time.monotonic() + 1.0
        while not self._cgroup.is_frozen and time.monotonic() < deadline:
            time.sleep(0.001)
        return set(self._cgroup.members()) if self._cgroup.is_frozen else set()


def main() -> None:
    """Wait for the end of the recorder, then react."""
    folder, reaction, grace_s, lock_fd = sys.argv[1:]
    watch = Watch()
    _await_end(watch)
    if watch.dismissed:
        return
    death = _react(watch, Path(folder), Reaction(reaction), float(grace_s))
    os.close(int(lock_fd))
    if death:
        from store.recovery import recover  # heavy, and only needed now

        with suppress(PtbError):
            recover(Path(folder))


def _await_end(watch: Watch) -> None:
    poll = select.poll()
    poll.register(0, select.POLLIN)
    while not watch.dismissed:
        if not poll.poll(_LOOK_S * 1000):
            watch.look()
            continue
        data = os.read(0, 1 << 16)
        if not data:
            return
        watch.obey(data)


def _react(watch: Watch, folder: Path, reaction: Reaction, grace_s: float) -> Death | None:
    """Freeze and end; None where nothing was left."""
    died_at = time.time_ns()
    count = watch.freeze()
    if not count:
        watch.let_go()
        return None
    death = Death(died_at, count, frozen_at=time.time_ns())
    if reaction is Reaction.FREEZE:
        deadline = time.monotonic() + grace_s
        _keep(death, folder)
        if _resumed_before(deadline, watch):
            death = replace(death, resumed_at=time.time_ns())
            _keep(death, folder)
            return death
    if watch.end():
        death = replace(death, ended_at=time.time_ns())
    watch.let_go()
    _keep(death, folder)
    return death


def _resumed_before(deadline: float, watch: Watch) -> bool:
    """Hold what is frozen until then (monotonic), or until nothing is left."""
    while time.monotonic() < deadline:
        if watch.resumed:
            return True
        if not watch.freeze():
            return False
        time.sleep(_STEP_S)
    return False


def _keep(death: Death, folder: Path) -> None:
    """A full disk or a run that was deleted must not keep the processes alive."""
    with suppress(PtbError):
        death.write(folder)


if __name__ == "__main__":
    main()
