"""The records of ``bpf/record.h`` as numpy types, and the names of its numbers.

A test holds the two against each other; ``record.h`` documents the fields.
"""

from enum import IntEnum, IntFlag

import numpy as np


class RecordType(IntEnum):
    """``enum record_type``."""

    START = 1
    EXIT = 2
    EXEC = 3
    EXEC_FAILED = 4
    OPEN = 5
    SEEN = 6
    OPEN_FAILED = 7
    IO = 8
    CONNECT = 9
    UNLINK = 10
    RMDIR = 11
    MKDIR = 12
    MKNOD = 13
    TRUNCATE = 14
    CHMOD = 15
    CHOWN = 16
    CHROOT = 17
    UNMOUNT = 18
    RENAME = 19
    LINK = 20
    SYMLINK = 21
    MOUNT = 22
    PTRACE = 23
    KILL = 24
    FOREIGN = 25
    COMPLETED = 26
    SILENT = 27
    ANSWER = 28


class Via(IntEnum):
    """``enum via``."""

    SYSCALL = 0
    IO_URING = 1
    INHERITED = 2
    COMPAT = 3
    HANDLE = 4
    AIO = 5


class Mark(IntFlag):
    """``MARK_*``."""

    FINAL = 1
    CREATED = 2
    TRUNCATED = 4
    UNREAD = 8
    ADOPTED = 16
    CUT_ENV = 32
    SHARED = 64
    SILENT = 128


class Loss(IntEnum):
    """``enum loss``."""

    EVENTS = 0
    TEXTS = 1
    LONG_TEXTS = 2
    PROCESSES = 3
    ACCESSES = 4


TEXT_BYTES = 432
TEXT_PARTS = 4

HEAD = np.dtype(
    [
        ("ts", "<i8"),
        ("process", "<i8"),
        ("access", "<i8"),
        ("inode", "<i8"),
        ("dev", "<u4"),
        ("mode", "<u4"),
        ("pid", "<u4"),
        ("result", "<i4"),
        ("flags", "<u4"),
        ("type", "<u2"),
        ("via", "u1"),
        ("marks", "u1"),
    ]
)
EVENT = np.dtype(
    [
        ("head", HEAD),
        ("first_read", "<i8"),
        ("last_read", "<i8"),
        ("first_write", "<i8"),
        ("last_write", "<i8"),
        ("bytes_read", "<i8"),
        ("bytes_written", "<i8"),
        ("bytes_mapped", "<i8"),
        ("prot", "<u4"),
        ("unused", "<u4"),
    ]
)
TEXT_HEAD = np.dtype([("head", HEAD), ("length", "<u4", (TEXT_PARTS,))])
TEXT = np.dtype([("head", HEAD), ("length", "<u4", (TEXT_PARTS,)), ("bytes", "u1", (TEXT_BYTES,))])
