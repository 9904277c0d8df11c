"""Which hooks the kernel lets this process put an eBPF program on: tried with a program that returns 0.

Only loading tells. Hypervisors and lockdown refuse some kinds of program whatever the version and the privileges
say. Nothing is attached. Layouts: ``union bpf_attr`` of include/uapi/linux/bpf.h, an append-only ABI.
"""

import ctypes
import errno
import os
import platform
from dataclasses import dataclass
from typing import Final

from store.errors import Unavailable

_SYSCALLS: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_PROG_LOAD: Final = 5
_ATTR_BYTES: Final = 120
_LICENSE: Final = b"GPL"

_RETURN_ZERO: Final = bytes.fromhex("b7000000000000009500000000000000")
"""``r0 = 0; exit``."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A place in the kernel, as BTF names it."""

    name: str
    program_type: int
    attach_type: int
    target: str


TRACEPOINT: Final = Hook("BTF tracepoint", 26, 23, "sched_process_exec")
ENTRY: Final = Hook("fentry", 26, 24, "do_exit")
LSM: Final = Hook("LSM", 29, 27, "file_open")


class _LoadAttributes(ctypes.Structure):
    """The start of ``union bpf_attr`` for BPF_PROG_LOAD."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64),
        ("log", ctypes.c_uint32 * 4),
        ("kern_version", ctypes.c_uint32),
        ("prog_flags", ctypes.c_uint32),
        ("prog_name", ctypes.c_char * 16),
        ("prog_ifindex", ctypes.c_uint32),
        ("expected_attach_type", ctypes.c_uint32),
        ("types", ctypes.c_uint32 * 9),
        ("attach_btf_id", ctypes.c_uint32),
        ("attach_prog_fd", ctypes.c_uint32),
        ("padding", ctypes.c_uint32),
    )


def library() -> ctypes.CDLL:
    """libbpf, quiet; raises :class:`Unavailable` when it is not installed."""
    try:
        libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError:
        raise Unavailable("libbpf.so.1 is not installed") from None
    libbpf.libbpf_set_print(None)
    return libbpf


def load(hook: Hook) -> str | None:
    """Load a program for ``hook`` and let it go; None when the kernel takes it, else why not.

    Raises :class:`Unavailable` where it cannot be tried: no libbpf, another processor.
    """
    number = _SYSCALLS.get(platform.machine())
    if number is None:
        raise Unavailable(f"not known how to call bpf(2) on {platform.machine()}")
    target = library().libbpf_find_vmlinux_btf_id(hook.target.encode(), hook.attach_type)
    if target <= 0:
        return f"the kernel's BTF has no {hook.target}"
    assert ctypes.sizeof(_LoadAttributes) == _ATTR_BYTES
    instructions = ctypes.create_string_buffer(_RETURN_ZERO, len(_RETURN_ZERO))
    gpl = ctypes.create_string_buffer(_LICENSE)
    attributes = _LoadAttributes(
        prog_type=hook.program_type,
        insn_cnt=len(_RETURN_ZERO) // 8,
        insns=ctypes.addressof(instructions),
        license=ctypes.addressof(gpl),
        prog_name=b"ptb_doctor",
        expected_attach_type=hook.attach_type,
        attach_btf_id=target,
    )
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(number, _PROG_LOAD, ctypes.byref(attributes), _ATTR_BYTES)
    if fd < 0:
        code = ctypes.get_errno()
        return f"the kernel refuses it ({errno.errorcode.get(code, str(code))})"
    os.close(fd)
    return None
