"""Tries to leave its sandbox by every door it knows; prints how each attempt ended, one line each."""

import contextlib
import ctypes
import errno
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

TASK = Path("/home/ben/task")
SYSTEM_CALLS = {
    "ptrace": (101, 0, 0, 0, 0),
    "io_uring": (425, 8, 0),
    "unshare": (272, 0x10000000),
    "user namespace": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
}


def attempt(name: str, door: Callable[[], object]) -> None:
    try:
        door()
    except OSError as error:
        print(name, errno.errorcode.get(error.errno or 0, error), flush=True)
    else:
        print(name, "works", flush=True)


def system_call(number: int, *arguments: int) -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def old_call() -> None:
    """``getpid`` through ``int 0x80``, whose numbers are those of 32-bit programs."""
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    child = os.fork()
    if child == 0:
        os._exit(0 if call() == os.getpid() else errno.ENOSYS)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise OSError(signal.Signals(os.WTERMSIG(status)).name)
    if status:
        raise OSError(os.WEXITSTATUS(status), "")


def fill(path: str) -> None:
    with open(path, "wb") as file:
        while True:
            file.write(b"x" * (1 << 20))


def fork_bomb() -> None:
    started = time.monotonic()
    while time.monotonic() - started < 20:
        if os.fork() == 0:
            with contextlib.suppress(OSError):
                while True:
                    os.fork()
            time.sleep(3)
            os._exit(0)


def main() -> None:
    others = sys.argv[1]
    attempt("overwrite harness", lambda: (TASK / "evaluate.py").write_text("print(1.0)"))
    attempt("delete harness", lambda: (TASK / "evaluate.py").unlink())
    attempt("move harness", lambda: (TASK / "templates").rename(TASK / "own"))
    attempt("write below harness", lambda: (TASK / "templates" / "new").write_text("x"))
    attempt("docker socket", lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"))
    attempt("another run", lambda: list(Path(others).iterdir()))
    attempt("root file system", lambda: Path("/usr/bin/ls").write_text("x"))
    attempt("replace final_model", lambda: (TASK / "final_model").rmdir())
    attempt("network", lambda: socket.create_connection(("192.0.2.1", 443), 2))
    for name, call in SYSTEM_CALLS.items():
        attempt(name, lambda call=call: system_call(*call))  # type: ignore[misc]
    attempt("32-bit call", old_call)
    attempt("fill home", lambda: fill("/home/ben/full"))
    Path("/home/ben/full").unlink()
    attempt("fill /tmp", lambda: fill("/tmp/full"))
    Path("/tmp/full").unlink()
    attempt("fill final_model", lambda: fill(str(TASK / "final_model" / "full")))
    (TASK / "final_model" / "full").unlink()
    attempt("fork bomb", fork_bomb)


if __name__ == "__main__":
    main()
