"""All probes of a machine at once, and what a recording here would be made of."""

import os
import platform
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from recorder.probe import capture, surroundings
from recorder.probe.capability import Capability, State

_LADDER = ("eBPF", "strace")
_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Machine:
    """Which machine was looked at."""

    system: str
    kernel: str
    architecture: str
    cpus: int
    python: str
    root: bool
    """Whether this process is the superuser."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found."""

    machine: Machine
    capabilities: tuple[Capability, ...]

    @property
    def rung(self) -> str | None:
        """The best kernel-level witness that works here; None when a recording would have none."""
        works = {capability.name for capability in self.capabilities if capability.state is State.WORKS}
        return next((name for name in _LADDER if name in works), None)


def examine() -> Examination:
    """Try everything; takes as long as the slowest agent needs to tell its version."""
    probes: list[Callable[[], Capability | list[Capability]]] = [
        capture.ebpf,
        capture.stricter_hooks,
        capture.strace,
        capture.fanotify,
        capture.transcript,
        surroundings.docker_events,
        capture.gpu,
        surroundings.docker,
        surroundings.cgroups,
        surroundings.engines,
        *(partial(surroundings.agent, name) for name in surroundings.agents()),
        surroundings.disk,
    ]
    with ThreadPoolExecutor(_PARALLEL, "ptb-probe") as pool:
        found = list(pool.map(lambda probe: probe(), probes))
    return Examination(_machine(), tuple(_flat(found)))


def _flat(found: Iterable[Capability | list[Capability]]) -> Iterable[Capability]:
    for one in found:
        if isinstance(one, Capability):
            yield one
        else:
            yield from one


def _machine() -> Machine:
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        system = platform.system()
    return Machine(
        system=system,
        kernel=platform.release(),
        architecture=platform.machine(),
        cpus=os.cpu_count() or 1,
        python=platform.python_version(),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
    )
