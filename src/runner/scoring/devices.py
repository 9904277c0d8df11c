"""What a model is evaluated on, and a lock so that two evaluations never share a GPU (or this machine's processor).

The lock is advisory, the kernel's, and per user and machine: whoever dies lets go. The reaper holds it, too, so that it is
free only when nothing of the evaluation is left.
"""

import fcntl
import os
import re
import socket
import time
from collections.abc import Callable, Sequence

from store.durable import writing
from store.errors import BadInput
from store.overlay import state_folder

CPU = "cpu"
_POLL_S = 0.5
_ID = re.compile(r"cpu|[0-9]{1,3}|(GPU|MIG)-[0-9A-Za-z-]{8,64}")


class DeviceLocks:
    """Locks held on devices."""

    def __init__(self) -> None:
        self._held: list[int] = []

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To hand to a process that shall hold them as well."""
        return tuple(self._held)

    def release(self) -> None:
        """Let go; safe to call twice."""
        while self._held:
            os.close(self._held.pop())

    def take(self, device: str) -> bool:
        """Whether the device was free; then it is held."""
        folder = state_folder() / "locks"
        name = folder / f"{socket.gethostname()}-{device}.lock"
        with writing(name):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held.append(descriptor)
        return True


def gpus() -> tuple[str, ...]:
    """Indexes of the GPUs of this machine."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001  # no driver, no library: each version says it in its own way
        return ()
    try:
        return tuple(str(index) for index in range(pynvml.nvmlDeviceGetCount()))
    finally:
        pynvml.nvmlShutdown()


def chosen(device: str | None) -> tuple[str, ...]:
    """The devices asked for: ``cpu``, ids of GPUs with commas, or with None any one GPU, else the processor.

    Raises :class:`BadInput` for what is no device.
    """
    if device is None:
        return gpus() or (CPU,)
    ids = tuple(device.split(","))
    if not all(_ID.fullmatch(one) for one in ids) or (CPU in ids and len(ids) > 1):
        raise BadInput(f"{device!r} is no device: cpu, or ids of GPUs such as 0 or 0,1")
    return ids


def lock_devices(
    ids: Sequence[str], waiting: Callable[[str], None], *, any_of: bool
) -> tuple[DeviceLocks, str]:
    """Hold all of ``ids``, or the first of them that is free; ``waiting`` is called while they are not, and may raise."""
    locks = DeviceLocks()
    wanted = sorted(ids)
    while True:
        for one in wanted:
            if locks.take(one):
                if any_of:
                    return locks, one
            elif not any_of:
                break
        else:
            if not any_of:
                return locks, ",".join(ids)
        locks.release()
        waiting(", ".join(wanted))
        time.sleep(_POLL_S)
