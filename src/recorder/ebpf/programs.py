"""The compiled programs, loaded as far as the running kernel takes them."""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder import cgroups
from recorder.ebpf.libbpf import Object, has_tracepoint, possible_cpus
from store.errors import Unavailable

OBJECT = Path(__file__).with_name("recorder.bpf.o")


@dataclass(frozen=True, slots=True)
class _Group:
    """Programs that some kernels cannot take, and what is not seen without them."""

    programs: tuple[str, ...]
    tracepoints: tuple[str, ...]
    without: str


_URING = _Group(
    ("on_uring_submit", "on_uring_complete"),
    ("io_uring_submit_req", "io_uring_complete"),
    "this kernel's io_uring tracepoints differ from those known: what goes through io_uring is not seen",
)
_IDENTITY = _Group(
    ("on_ctime_change", "on_ctime_same", "on_ctime_set"),
    ("ctime_ns_xchg", "ctime_xchg_skip", "inode_set_ctime_to_ts"),
    "this kernel (before 6.13) does not tell which file a rename, link or unlink was about, only its name",
)


def load(path: Path = OBJECT, cgroup: Path | None = None) -> tuple[Object, str | None]:
    """Load, for a process tree or a cgroup, and attach nothing yet; with it what this kernel does not let be seen.

    Raises :class:`Unavailable` where the kernel, libbpf or a privilege is lacking.
    """
    if not path.is_file():
        raise Unavailable(f"{path} is missing: build it with scripts/build-bpf.sh")
    if os.geteuid() != 0:
        raise Unavailable("eBPF capture needs root; run ptb with sudo, or record with strace")
    lacking = [group for group in (_URING, _IDENTITY) if not all(map(has_tracepoint, group.tracepoints))]
    try:
        found = _load(path, cgroup, lacking)
    except Unavailable:
        if _URING in lacking:
            raise
        lacking.append(_URING)
        found = _load(path, cgroup, lacking)
    return found, "; ".join(group.without for group in lacking) or None


def _load(path: Path, cgroup: Path | None, lacking: Sequence[_Group]) -> Object:
    found = Object(path)
    try:
        found.set_constants(struct.pack("=Qi", *(cgroups.identity(cgroup) if cgroup else (0, 0))))
        found.resize("scratches", possible_cpus())
        found.leave_out([program for group in lacking for program in group.programs])
        found.load()
    except BaseException:
        found.close()
        raise
    return found
