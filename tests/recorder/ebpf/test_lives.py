"""Processes and execs of real programs."""

import shlex
import sys
import time
from pathlib import Path

import pytest

from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.errors import Unavailable
from store.rows import Connection, Exec, Gap, ProcessExit, ProcessStart
from tests.recorder.ebpf.conftest import Record
from tests.recorder.ebpf.seen import Seen

pytestmark = pytest.mark.root


def test_a_pipeline_is_a_tree_with_exact_ends(record: Record, tmp_path: Path) -> None:
    before = time.time_ns()
    seen = record("/bin/sh", "-c", "cd /usr; (exit 7); /bin/true; kill -9 $$")
    starts = {row.process_id: row for row in seen.of(ProcessStart)}
    exits = {row.process_id: row for row in seen.of(ProcessExit)}
    root = next(row for row in starts.values() if row.parent_id is None)
    children = [row for row in starts.values() if row.parent_id == root.process_id]
    assert [row.cwd for row in children] == ["/usr", "/usr"]
    assert all(row.ppid == root.pid and row.ns_pid == row.pid and row.uid == 0 for row in children)
    assert [exits[row.process_id].exit_code for row in children] == [7, 0]
    assert (exits[root.process_id].signal, exits[root.process_id].exit_code) == (9, None)
    assert exits.keys() == starts.keys()
    times = [ts for ts, _ in seen.rows if ts]
    assert before < min(times) <= max(times) < time.time_ns()


def test_execs_have_arguments_folder_and_what_a_child_inherits(record: Record, tmp_path: Path) -> None:
    script = 'echo "a b"; env X=1 /bin/echo "it\'s" $\'\\n\''
    seen = record("/bin/bash", "-c", script)
    execs = [row for row in seen.of(Exec) if not row.error]
    assert [Path(row.exe or "").name for row in execs] == ["bash", "env", "echo"]
    assert [shlex.split(row.argv or "") for row in execs][-1] == ["/bin/echo", "it's", "\n"]
    assert {row.cwd for row in execs} == {str(tmp_path)}
    assert execs[0].env_hash
    assert execs[1].env_hash != execs[2].env_hash


def test_a_long_script_is_kept_whole_and_a_longer_one_says_what_is_missing(record: Record) -> None:
    whole, cut = "#" * 100_000, ["#" * 100_000] * 3
    assert any(whole in (row.argv or "") for row in record("/bin/sh", "-c", whole).of(Exec))
    seen = record("/bin/true", *cut)
    (row,) = [row for row in seen.of(Exec) if row.truncated]
    (gap,) = [row for row in seen.of(Gap) if row.cause == "truncated"]
    assert gap.lost is not None
    assert len("/bin/true") + 300_000 + 4 - 160 * 1024 == gap.lost
    assert row.argv is not None


def test_failed_execs_are_rows_that_say_so(record: Record, tmp_path: Path) -> None:
    (tmp_path / "no").write_text("x")
    attempt = "import os\ntry: os.execv('./no', ['no'])\nexcept OSError: pass"
    seen = record(sys.executable, "-c", attempt)
    (row,) = [row for row in seen.of(Exec) if row.error]
    assert (row.exe, row.error) == (str(tmp_path / "no"), "EACCES")


def test_connections_have_addresses_and_errors(record: Record, tmp_path: Path) -> None:
    connect = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())\n"
        "print(server.getsockname()[1], file=open('port', 'w'))\n"
        "try: socket.create_connection(('127.0.0.1', 1))\nexcept OSError: pass\n"
        "try: socket.socket(socket.AF_UNIX).connect('\\0abstract')\nexcept OSError: pass"
    )
    seen = record(sys.executable, "-c", connect)
    port = int((tmp_path / "port").read_text())
    rows = [(row.dst, row.port, row.error) for row in seen.of(Connection)]
    assert sorted(rows, key=str) == [
        ("127.0.0.1", 1, "ECONNREFUSED"),
        ("127.0.0.1", port, None),
        ("@abstract", None, "ECONNREFUSED"),
    ]


def test_a_connection_has_the_bytes_that_went_through_it(record: Record, tmp_path: Path) -> None:
    talk = (
        "import socket, os\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname()); there = server.accept()[0]\n"
        "client.sendall(b'hello'); there.recv(9); there.sendall(b'you'); client.recv(9)\n"
        "os.write(client.fileno(), b'!'); client.close()"
    )
    (row,) = record(sys.executable, "-c", talk).of(Connection)
    assert (row.dst, row.bytes_out, row.bytes_in) == ("127.0.0.1", 6, 3)


def test_only_the_tree_is_recorded(record: Record, tmp_path: Path) -> None:
    marker = tmp_path / "outside"
    seen = record("/bin/sleep", "0.2", after=lambda: marker.write_text("x") and None)
    assert not seen.files(marker)


def test_a_missing_object_is_one_line(tmp_path: Path) -> None:
    source = EbpfSource(tmp_path / "none.bpf.o")
    with pytest.raises(Unavailable, match=r"build-bpf\.sh"):
        source.start(Target(1, "/"), Seen())
    assert source.info.state == "unavailable"
    source.stop()
