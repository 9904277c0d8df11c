"""Connections are told by the name that was asked for, where a name server's answer was seen."""

import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ebpf.answers import Names, answered
from recorder.ebpf.connections import Proxy
from recorder.ebpf.source import EbpfSource
from recorder.source import Target
from store.rows import Connection
from tests.recorder.ebpf.conftest import Record
from tests.recorder.ebpf.seen import Seen
from tests.waiting import until


def labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def answer(name: str, *records: bytes, flags: int = 0x8180) -> bytes:
    header = struct.pack("!6H", 7, flags, 1, len(records), 0, 0)
    return header + labels(name) + struct.pack("!HH", 1, 1) + b"".join(records)


ASKED = b"\xc0\x0c"
"""Points at the name in the question."""


def test_addresses_stand_for_the_name_that_was_asked_for_through_aliases() -> None:
    alias = record(ASKED, 5, labels("edge.cdn.example"))
    four = record(labels("edge.cdn.example"), 1, bytes([192, 0, 2, 7]))
    six = record(ASKED, 28, bytes(15) + b"\1")
    assert list(answered(answer("api.example", alias, four, six))) == [
        ("api.example", "192.0.2.7"),
        ("api.example", "::1"),
    ]


def test_a_question_and_other_kinds_of_records_name_nothing() -> None:
    four = record(ASKED, 1, bytes([192, 0, 2, 7]))
    assert not list(answered(answer("api.example", four, flags=0x0100)))
    assert not list(answered(answer("api.example", record(ASKED, 16, b"\3abc"))))
    assert not list(answered(answer("api.example", record(ASKED, 1, bytes(5)))))


def test_a_name_that_points_at_itself_ends() -> None:
    assert not list(answered(struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + b"\xc0\x0c" + bytes(20)))


@given(st.binary(max_size=300))
def test_no_bytes_are_refused(datagram: bytes) -> None:
    for name, _ in answered(b"\0\7\x81\x80\0\1\0\2" + datagram):
        assert len(name) <= 253


@given(st.integers(0, 200), st.binary(max_size=4))
def test_damage_teaches_what_stands_before_it(cut: int, junk: bytes) -> None:
    whole = answer("api.example", *[record(ASKED, 1, bytes([192, 0, 2, n])) for n in range(9)])
    right = list(answered(whole))
    found = list(answered(whole[:cut]))
    assert found == right[: len(found)]
    assert list(answered(whole + junk)) == right


def test_a_process_s_own_answer_goes_before_another_s() -> None:
    names = Names()
    names.learn(1, answer("one.example", record(ASKED, 1, bytes([192, 0, 2, 7]))))
    names.learn(2, answer("two.example", record(ASKED, 1, bytes([192, 0, 2, 7]))))
    assert [names.host(process, "192.0.2.7") for process in (1, 2, 3)] == [
        "one.example",
        "two.example",
        "two.example",
    ]
    assert names.host(1, "192.0.2.8") is None


_SERVER = """
import os, socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
listener = socket.create_server(("127.0.0.9", 8443))
if os.fork() == 0:
    while True:
        asked, who = server.recvfrom(512)
        end = asked.index(b"\\0", 12) + 5
        four = asked[end - 4:end - 2] == b"\\0\\1"
        record = b"\\xc0\\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 9]) if four else b""
        server.sendto(asked[:2] + b"\\x81\\x80\\0\\1" + struct.pack("!H", four) + bytes(4) + asked[12:end] + record, who)
"""

_ASKERS = {
    "getaddrinfo": "import socket; socket.create_connection(('hub.example', 8443)).send(b'x')",
    "unconnected": (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        "s.sendto(b'\\0\\7\\1\\0\\0\\1' + bytes(6) + b'\\3hub\\7example\\0\\0\\1\\0\\1', ('127.0.0.1', 53)); "
        "s.recvmsg(512) if {how} else s.recvfrom(512); socket.create_connection(('127.0.0.9', 8443)).send(b'x')"
    ),
    "read": (
        "import os, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('127.0.0.1', 53)); "
        "s.send(b'\\0\\7\\1\\0\\0\\1' + bytes(6) + b'\\3hub\\7example\\0\\0\\1\\0\\1'); os.read(s.fileno(), 512); "
        "socket.create_connection(('127.0.0.9', 8443)).send(b'x')"
    ),
}
_WAYS = {
    "getaddrinfo": _ASKERS["getaddrinfo"],
    "recvfrom": _ASKERS["unconnected"].format(how=False),
    "recvmsg": _ASKERS["unconnected"].format(how=True),
    "read": _ASKERS["read"],
}


@pytest.mark.root
@pytest.mark.parametrize("asker", _WAYS.values(), ids=_WAYS)
def test_a_connection_is_told_by_name(record: Record, tmp_path: Path, asker: str) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (tmp_path / "server.py").write_text(
        _SERVER + "import subprocess, sys, signal\n" + f"subprocess.run([sys.executable, '-c', {asker!r}])\n"
        "os.killpg(0, signal.SIGTERM)\n"
    )
    script = (
        "ip link set lo up && mount --bind resolv.conf $(realpath /etc/resolv.conf) && exec setsid -w"
        f" {sys.executable} server.py"
    )
    seen = record("/usr/bin/unshare", "-mn", "/bin/sh", "-c", script)
    made = [row for row in seen.of(Connection) if row.port == 8443]
    assert {(row.dst, row.host) for row in made} == {("127.0.0.9", "hub.example")}
    assert {row.host for row in seen.of(Connection) if row.port == 53} <= {None}


_CLIENT = """
import os, socket, sys
for port in sys.argv[1:]:
    with socket.create_connection(("127.0.0.1", int(port))) as client:
        print(os.fstat(client.fileno()).st_ino)
        client.sendall(b"hello")
"""


@pytest.mark.root
def test_a_connection_through_a_proxy_waits_for_the_name_of_its_host(bpf_object: Path) -> None:
    hosts: dict[int, str] = {}
    seen = Seen()
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_server(("127.0.0.1", 0)) as other:
        through, beside = (server.getsockname()[1] for server in (proxy, other))
        source = EbpfSource(bpf_object, Proxy(through, hosts))
        client = [sys.executable, "-c", _CLIENT, *map(str, (through, through, beside))]
        gate = ["/bin/sh", "-c", 'read -r go; exec "$@"', "gate", *client]
        with subprocess.Popen(gate, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            source.start(Target(process.pid, "/"), seen)
            named, _, _ = process.communicate("go\n", 60)[0].split()
        until(lambda: [row for row in seen.of(Connection) if row.port == beside])
        hosts[int(named)] = "hub.example"
        until(lambda: [row for row in seen.of(Connection) if row.host])
        source.stop()
    rows = [(row.host, row.bytes_out) for row in seen.of(Connection) if row.port == through]
    assert rows == [("hub.example", 5), (None, 5)]
