"""Which process does a job, told so that another can check whether it still does.

A pid alone says nothing: it is used again, it means another process after a reboot, in another container and on
another machine. So it is kept with the start time, the boot, the pid namespace and the host.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_STATE, _START_TIME = 0, 19
"""Fields of /proc/PID/stat after the name: proc(5) counts them as 3 and 22."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process of some machine."""

    pid: int
    start_ticks: int | None
    """Start time in clock ticks after boot; None where there is no /proc."""
    boot_id: str | None
    pid_namespace: int | None
    host: str

    @property
    def alive(self) -> bool | None:
        """Whether it still runs; None where that cannot be seen from here."""
        here = current_owner()
        if self.host != here.host:
            return None
        if self.boot_id != here.boot_id:
            return False
        if self.pid_namespace != here.pid_namespace:
            return None
        return (
            _start_ticks(self.pid) == self.start_ticks if self.start_ticks is not None else _answers(self.pid)
        )


def current_owner() -> Owner:
    """This process."""
    pid = os.getpid()
    try:
        namespace: int | None = _PID_NAMESPACE.stat().st_ino
        boot_id: str | None = _BOOT_ID.read_text().strip()
    except OSError:
        namespace = boot_id = None
    return Owner(pid, _start_ticks(pid), boot_id, namespace, socket.gethostname())


def _start_ticks(pid: int) -> int | None:
    """When the process of that number started; None where there is none, or only its corpse."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[_STATE] in (b"Z", b"X") else int(fields[_START_TIME])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
