"""Programs that try to read a file unseen: the marked file's bytes are in the rows all the same.

Every technique runs for real. A row is found by the identity of the file (st_dev, st_ino), which no name can hide.
"""

import mmap
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recorder.strace.proc_status import status
from store.rows import Connection, FileAccess, Gap, ProcessExit, ProcessStart
from tests.recorder.ebpf.conftest import Record
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until

pytestmark = pytest.mark.root

SIZE = 4242
_SYSCALL = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """The file that nobody should read unseen."""
    path = tmp_path / "marked.jsonl"
    path.write_bytes(b"x" * SIZE)
    return path


def rows_of(seen: Seen, path: Path) -> list[FileAccess]:
    """Rows about the file at ``path``, under whatever name."""
    found = path.stat()
    return [row for row in seen.of(FileAccess) if (row.dev, row.inode) == (found.st_dev, found.st_ino)]


def read_of(seen: Seen, path: Path) -> int:
    """Bytes read from a file, or mapped."""
    return sum((row.bytes_read or 0) + (row.bytes_mapped or 0) for row in rows_of(seen, path))


@pytest.mark.parametrize(
    "how", ["plain", "thread", "int80", "high-bits", "uring", "uring-sqpoll", "uring-slot"]
)
def test_a_static_program_is_seen(record: Record, evade: Path, marked: Path, how: str) -> None:
    seen = record(evade, how, marked)
    assert seen.exit_code == 0
    assert read_of(seen, marked) == SIZE
    assert {row.path for row in rows_of(seen, marked)} == {str(marked)}
    expected = {"int80": "compat", "uring": "io_uring", "uring-sqpoll": "io_uring", "uring-slot": "io_uring"}
    assert expected.get(how, "syscall") in {row.via for row in rows_of(seen, marked)}


def test_a_request_that_reports_no_success_counts_what_it_asked_for(
    record: Record, evade: Path, marked: Path
) -> None:
    seen = record(evade, "uring-silence", marked)
    assert seen.exit_code == 0
    assert read_of(seen, marked) == SIZE


def test_a_read_belongs_to_the_file_it_began_on(record: Record, evade: Path, tmp_path: Path) -> None:
    much = tmp_path / "much"
    with much.open("wb") as file:
        file.truncate(512 << 20)
    seen = record(evade, "swap", much)
    assert seen.exit_code == 0
    assert read_of(seen, much) == 512 << 20
    assert {row.path for row in rows_of(seen, much)} == {str(much)}
    assert seen.bytes_read("/dev/null") == 0


def test_names_changed_by_requests_are_rows(
    record: Record, evade: Path, marked: Path, tmp_path: Path
) -> None:
    seen = record(evade, "uring-names", marked)
    assert seen.exit_code == 0
    rows = [
        (row.op, Path(row.path).name, row.path2 and Path(row.path2).name, row.error)
        for row in seen.of(FileAccess)
        if row.via == "io_uring"
    ]
    assert rows == [
        ("rename", "marked.jsonl", "uring-renamed", None),
        ("link", "uring-renamed", "uring-linked", None),
        ("symlink", "uring-symlinked", "some target", None),
        ("mkdir", "uring-folder", None, None),
        ("unlink", "uring-linked", None, None),
        ("open", "uring-missing", None, "ENOENT"),
    ]


def test_a_connection_asked_for_by_request_is_a_row(record: Record, evade: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        seen = record(evade, "uring-connect", str(port))
    assert seen.exit_code == 0
    assert [(row.dst, row.port, row.error) for row in seen.of(Connection)] == [("127.0.0.1", port, None)]


def test_many_messages_in_one_call_count_all_their_bytes(record: Record, evade: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def reply() -> None:
            _, client = server.recvfrom(2000)
            server.sendto(b"x" * 77, client)

        threading.Thread(target=reply, daemon=True).start()
        seen = record(evade, "messages", str(server.getsockname()[1]))
    assert seen.exit_code == 0
    (row,) = seen.of(Connection)
    assert (row.bytes_out, row.bytes_in) == (3000, 77)


@pytest.mark.parametrize(
    ("flags", "prot", "kept", "written"),
    [
        ("MAP_PRIVATE", "PROT_READ", mmap.PROT_READ, False),
        ("MAP_PRIVATE", "PROT_READ | mmap.PROT_WRITE", mmap.PROT_READ, False),
        ("MAP_SHARED", "PROT_READ | mmap.PROT_WRITE", mmap.PROT_READ | mmap.PROT_WRITE, True),
    ],
)
def test_a_mapping_has_its_protection_and_a_shared_writable_one_counts_as_written(
    record: Record, marked: Path, flags: str, prot: str, kept: int, written: bool
) -> None:
    script = (
        f"import mmap; f = open({str(marked)!r}, 'r+b'); "
        f"m = mmap.mmap(f.fileno(), 0, flags=mmap.{flags}, prot=mmap.{prot}); m[0]"
    )
    seen = record(sys.executable, "-c", script)
    (row,) = [row for row in rows_of(seen, marked) if row.bytes_mapped]
    assert (row.bytes_mapped, row.mmap_prot) == (SIZE, kept)
    assert row.first_read_ts is not None
    assert (row.first_write_ts is not None) is written


PYTHON = {
    "symlink": "import os; os.symlink(M, 'l'); open('l').read()",
    "hard link": "import os; os.link(M, 'h'); open('h').read()",
    "own proc folder": "f = open(M); g = open(f'/proc/self/fd/{f.fileno()}'); g.read()",
    "mmap": "import mmap; f = open(M); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); f.close(); m[:]",
    "preadv": "import os; f = os.open(M, 0); os.preadv(f, [bytearray(9999)], 0)",
    "sendfile": "import os; f = os.open(M, 0); o = os.open('o', 65); os.sendfile(o, f, 0, 9999)",
    "splice": "import os; f = os.open(M, 0); r, w = os.pipe(); os.splice(f, w, 9999)",
    "copy_file_range": "import os; f = os.open(M, 0); o = os.open('o', 65); os.copy_file_range(f, o, 9999)",
    "descriptor passed": (
        "import socket, os\na, b = socket.socketpair()\n"
        "if os.fork() == 0:\n  f = os.open(M, 0); socket.send_fds(a, [b'x'], [f]); os._exit(0)\n"
        "os.wait(); fd = socket.recv_fds(b, 1, 1)[1][0]; os.read(fd, 9999)"
    ),
    "duplicate": "import os; f = os.open(M, 0); d = os.dup(f); os.close(f); e = os.dup2(d, 77); os.read(77, 9999)",
    "inherited": (
        "import os; f = os.open(M, 0)\nif os.fork() == 0:\n  os.read(f, 9999); os._exit(0)\nos.wait()"
    ),
    "double fork": (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
        "    time.sleep(.2); open(M).read()\n"
        "    open('pid', 'w').write(str(os.getpid())); open('done', 'w')\n  os._exit(0)\n"
        "os.wait()\nwhile not os.path.exists('done'): time.sleep(.01)"
    ),
    "renamed folder": (
        "import os; os.mkdir('d'); os.link(M, 'd/f'); fd = os.open('d', 0); os.rename('d', 'e'); "
        "os.read(os.open('f', 0, dir_fd=fd), 9999)"
    ),
    "handle": (
        _SYSCALL + "import os, struct\n"
        "handle = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 136); mount = ctypes.c_int()\n"
        "assert not libc.name_to_handle_at(-100, M.encode(), handle, ctypes.byref(mount), 0)\n"
        "fd = libc.open_by_handle_at(os.open('.', 0), handle, 0); os.read(fd, 9999)"
    ),
    "chroot": "import os; os.mkdir('jail'); os.link(M, 'jail/x'); os.chroot('jail'); open('/x').read()",
    "deleted": "import os; os.link(M, 'd'); f = open('d'); os.unlink('d'); f.read()",
    "aio": (
        _SYSCALL + "import os, struct\n"
        "context = ctypes.c_ulong(); assert not libc.syscall(206, 8, ctypes.byref(context))\n"
        "fd = os.open(M, 0); buffer = ctypes.create_string_buffer(4242)\n"
        "request = ctypes.create_string_buffer(struct.pack('QIIHhIQQqQII', 0, 0, 0, 0, 0, fd, "
        "ctypes.addressof(buffer), 4242, 0, 0, 0, 0))\n"
        "pointers = (ctypes.c_void_p * 1)(ctypes.addressof(request))\n"
        "assert libc.syscall(209, context, 1, pointers) == 1\n"
        "events = ctypes.create_string_buffer(32); assert libc.syscall(208, context, 1, 1, events, None) == 1\n"
        "assert buffer.raw[:1] == b'x'"
    ),
    "memfd exec": (
        "import os, shutil; fd = os.memfd_create('innocent')\n"
        "os.write(fd, open(shutil.which('cat'), 'rb').read()); os.execve(fd, ['cat', M], {})"
    ),
    "vfork and exec": "import subprocess; subprocess.run(['cat', M])",
    "close on exec": "import os; os.read(os.open(M, os.O_CLOEXEC), 9999); os.execv('/bin/true', ['true'])",
    "killed": "import os; os.read(os.open(M, 0), 9999); os.kill(os.getpid(), 9)",
    "closed in bulk": "import os; os.read(os.open(M, 0), 9999); os.closerange(3, 1000)",
}


@pytest.mark.parametrize("how", PYTHON)
def test_a_script_is_seen(record: Record, marked: Path, how: str) -> None:
    seen = record(sys.executable, "-c", f"M = {str(marked)!r}\n{PYTHON[how]}")
    assert seen.exit_code in (0, -9)
    assert read_of(seen, marked) >= SIZE
    assert any(row.final for row in rows_of(seen, marked))


SHELL = {
    "builtin": 'read -r x < "$1" || test -n "$x"',
    "mapfile": 'mapfile x < "$1"',
    "bind mount": 'touch b; unshare -m sh -c \'mount --bind "$1" b && cat b\' sh "$1"',
    "own namespaces": 'unshare -Urmpf --mount-proc cat "$1"',
    "nice name": 'cp /bin/cat "./[kworker]"; "./[kworker]" "$1"',
    "daemon": 'setsid -f sh -c \'cat "$1"; touch done\' sh "$1"; while [ ! -e done ]; do sleep 0.01; done',
}


@pytest.mark.parametrize("how", SHELL)
def test_a_shell_is_seen(record: Record, marked: Path, how: str) -> None:
    seen = record("/bin/bash", "-c", SHELL[how], "bash", marked)
    assert seen.exit_code == 0
    assert read_of(seen, marked) >= SIZE


@pytest.mark.parametrize("ranged", [False, True])
def test_extents_that_are_shared_count_as_read(record: Record, tmp_path: Path, ranged: bool) -> None:
    if shutil.which("mkfs.xfs") is None:
        pytest.skip("no mkfs.xfs, and so no file system with reflinks: apt-get install xfsprogs")
    image, mount = tmp_path / "image", tmp_path / "xfs"
    with image.open("wb") as file:
        file.truncate(320 << 20)
    mount.mkdir()
    subprocess.run(["mkfs.xfs", "-q", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        secret, copy = mount / "secret", mount / "copy"
        secret.write_bytes(b"x" * SIZE)
        request = (
            "0x4020940d, struct.pack('qQQQ', f.fileno(), 0, 0, 0)" if ranged else "0x40049409, f.fileno()"
        )
        files = f"f = open({str(secret)!r}); g = open({str(copy)!r}, 'w')"
        seen = record(sys.executable, "-c", f"import fcntl, struct; {files}; fcntl.ioctl(g, {request})")
        assert seen.exit_code == 0
        assert copy.read_bytes() == secret.read_bytes()
        assert read_of(seen, secret) == seen.bytes_written(copy) == SIZE
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_request_that_cannot_be_followed_is_a_gap(record: Record, evade: Path, marked: Path) -> None:
    seen = record(evade, "uring-slot-silence", marked)
    assert seen.exit_code == 0
    (gap,) = seen.of(Gap)
    assert gap.cause == "silent_request"
    assert "io_uring" in gap.reason
    assert seen.files(marked)


def test_pids_inside_a_namespace_are_kept_beside_the_hosts(record: Record, marked: Path) -> None:
    seen = record("/usr/bin/unshare", "-pf", "cat", marked)
    (inner,) = [row for row in seen.of(ProcessStart) if row.ns_pid == 1]
    assert inner.pid != 1
    (row,) = rows_of(seen, marked)
    assert (row.pid, row.process_id) == (inner.pid, inner.process_id)


def test_a_file_open_before_the_recording_is_seen_when_used(record: Record, marked: Path) -> None:
    seen = record("/bin/sh", "-c", "cat <&3", before=f"exec 3<{shlex.quote(str(marked))}")
    assert read_of(seen, marked) == SIZE
    assert {row.via for row in rows_of(seen, marked)} == {"inherited"}


def test_attempts_on_other_processes_are_rows(record: Record) -> None:
    attack = (
        _SYSCALL + f"import os\nlibc.ptrace(16, {os.getpid()}, 0, 0)\n"
        f"try: os.kill({os.getpid()}, {int(signal.SIGURG)})\nexcept OSError: pass"
    )
    seen = record("/usr/bin/setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", attack)
    acts = [(row.op, row.path, row.error) for row in seen.of(FileAccess) if row.op in ("ptrace", "kill")]
    assert acts == [
        ("ptrace", f"/proc/{os.getpid()}", "EPERM"),
        ("kill", f"/proc/{os.getpid()}", "EPERM"),
    ]


def test_every_recorded_process_ends_even_when_it_outlives_its_parent(
    record: Record, marked: Path, tmp_path: Path
) -> None:
    def outlived() -> None:
        pid = int((tmp_path / "pid").read_text())
        until(lambda: status(pid) is None)

    seen = record(sys.executable, "-c", f"M = {str(marked)!r}\n{PYTHON['double fork']}", after=outlived)
    started = {row.process_id for row in seen.of(ProcessStart)}
    assert started == {row.process_id for row in seen.of(ProcessExit)}
    assert not seen.of(Gap)
