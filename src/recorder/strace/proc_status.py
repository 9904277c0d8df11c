"""What /proc says of a thread that is still there."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Status:
    """A few lines of ``/proc/PID/status``."""

    leader: int
    """Tgid."""
    parent: int
    tracer: int
    """0 where nobody traces it."""
    filtered: bool
    """A seccomp filter is installed."""


def status(tid: int) -> Status | None:
    """The status of a live thread; None where it is gone or a zombie."""
    try:
        lines = Path(f"/proc/{tid}/status").read_text(errors="replace").splitlines()
        found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if found["State"].startswith(("Z", "X")):
            return None
        return Status(
            int(found["Tgid"]), int(found["PPid"]), int(found["TracerPid"]), found.get("Seccomp") == "2"
        )
    except (OSError, KeyError, ValueError):
        return None
