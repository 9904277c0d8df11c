"""``--bytes``: what went through each open file, under the real strace."""

import os
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

from recorder.strace.source import StraceSource
from store.rows import FileAccess
from tests.recorder.test_strace_source import Traced, needs_strace

pytestmark = needs_strace


def trace(folder: Path, *argv: str) -> list[FileAccess]:
    return Traced(list(argv), folder, StraceSource(count_bytes=True)).finish().of(FileAccess)


def trace_python(folder: Path, code: str) -> list[FileAccess]:
    return trace(folder, sys.executable, "-I", "-S", "-c", textwrap.dedent(code))


def below(rows: list[FileAccess], folder: Path) -> list[FileAccess]:
    return [row for row in rows if row.path.startswith(f"{folder}/") and row.error is None]


def test_reads_writes_and_mappings_are_counted(tmp_path: Path) -> None:
    rows = trace_python(
        tmp_path,
        """
        import mmap, os
        with open("a", "wb", buffering=0) as f:
            f.write(b"x" * 1000); f.write(b"y" * 24); os.pwrite(f.fileno(), b"z", 5)
        with open("a", "rb") as f:
            f.read(); mmap.mmap(f.fileno(), 512, prot=mmap.PROT_READ)
        """,
    )
    written, read = below(rows, tmp_path)
    assert (written.op, written.bytes_written, written.bytes_read, written.bytes_mapped) == (
        "create",
        1025,
        0,
        0,
    )
    assert (read.op, read.bytes_read, read.bytes_written, read.bytes_mapped) == ("open", 1024, 0, 512)
    assert read.mmap_prot == 1
    assert written.first_write_ts is not None
    assert written.last_write_ts is not None
    assert written.first_write_ts < written.last_write_ts
    assert written.first_read_ts is None
    assert written.final
    assert written.access_id != read.access_id


def test_copies_inside_the_kernel_are_read_and_written(tmp_path: Path) -> None:
    (tmp_path / "from").write_bytes(b"x" * 5000)
    rows = trace_python(
        tmp_path,
        """
        import os
        a, b = os.open("from", os.O_RDONLY), os.open("to", os.O_WRONLY | os.O_CREAT)
        os.sendfile(b, a, 0, 3000)
        os.copy_file_range(a, b, 1000, 0)
        """,
    )
    found = {Path(row.path).name: (row.bytes_read, row.bytes_written) for row in below(rows, tmp_path)}
    assert found == {"from": (4000, 0), "to": (0, 4000)}


def test_a_child_writes_through_what_it_inherited(tmp_path: Path) -> None:
    rows = trace(tmp_path, "/bin/sh", "-c", "/bin/cat /etc/hostname > out")
    opened, used = sorted(below(rows, tmp_path), key=lambda row: row.bytes_written or 0)
    assert (opened.op, opened.bytes_written, opened.via) == ("create", 0, "syscall")
    assert (used.bytes_written, used.via) == (Path("/etc/hostname").stat().st_size, "inherited")
    assert opened.access_id == used.access_id
    assert opened.process_id != used.process_id


def test_duplicates_are_one_access(tmp_path: Path) -> None:
    rows = trace_python(
        tmp_path,
        """
        import fcntl, os
        a = os.open("f", os.O_WRONLY | os.O_CREAT)
        b, c = os.dup(a), fcntl.fcntl(a, fcntl.F_DUPFD, 100)
        os.dup2(a, 50)
        for fd in (a, b, c, 50):
            os.write(fd, b"1234"); os.close(fd)
        a = os.open("f", os.O_RDONLY)
        os.read(a, 100)
        """,
    )
    first, second = below(rows, tmp_path)
    assert (first.bytes_written, second.bytes_read) == (16, 16)


def test_what_an_exec_closes_ends_there(tmp_path: Path) -> None:
    rows = trace_python(
        tmp_path,
        """
        import os
        open("closed", "w").write("")
        a = os.open("stays", os.O_WRONLY | os.O_CREAT)
        b = os.open("goes", os.O_WRONLY | os.O_CREAT)
        os.set_inheritable(a, True)
        os.write(a, b"12"); os.write(b, b"34")
        os.execv("/bin/sh", ["sh", "-c", f": > started; echo 56 >&{a}"])
        """,
    )
    ends = {Path(row.path).name: row for row in below(rows, tmp_path)}
    assert ends["stays"].bytes_written == 5
    assert ends["goes"].bytes_written == 2
    started = next(row for row in rows if row.path == str(tmp_path / "started"))
    assert started.end_ts is not None
    assert ends["goes"].end_ts is not None
    assert ends["stays"].end_ts is not None
    assert ends["goes"].end_ts < started.end_ts < ends["stays"].end_ts


def test_pipes_are_known_by_their_inode(tmp_path: Path) -> None:
    rows = trace(tmp_path, "/bin/sh", "-c", "echo abc | /bin/cat > out")
    through: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.path.startswith("pipe:["):
            assert row.inode is not None
            through[row.inode][0] += row.bytes_written or 0
            through[row.inode][1] += row.bytes_read or 0
    assert [4, 4] in through.values()


def test_a_failed_open_is_a_row_at_once(tmp_path: Path) -> None:
    rows = trace(tmp_path, "/bin/cat", "missing")
    (failed,) = [row for row in rows if row.path == str(tmp_path / "missing")]
    assert (failed.error, failed.access_id, failed.bytes_read) == ("ENOENT", None, None)


def test_contents_never_pass_through_the_trace(tmp_path: Path) -> None:
    source = StraceSource(count_bytes=True)
    argv = " ".join(source.wrap(["true"]))
    source.stop()
    raw = argv.split("--raw=")[1].split()[0]
    assert all(f"?{name}" in raw for name in ("read", "write", "pread64", "pwrite64", "readv", "writev"))


def test_the_standard_streams_of_the_command(tmp_path: Path) -> None:
    rows = trace(tmp_path, "/bin/echo", "hello")
    (out,) = [row for row in rows if row.bytes_written]
    assert (out.path, out.bytes_written, out.via) == (os.devnull, 6, "inherited")
