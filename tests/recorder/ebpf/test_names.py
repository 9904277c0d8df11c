"""Texts of records as paths, arguments and addresses."""

import shlex
import socket

from hypothesis import given
from hypothesis import strategies as st

from recorder.ebpf.names import Address, address, arguments, environment_hash, named, resolved
from store.readable import readable

_COMPONENT = st.binary(min_size=1, max_size=255).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@given(st.lists(_COMPONENT, max_size=20))
def test_components_run_from_the_last_to_the_first(names: list[bytes]) -> None:
    assert resolved(b"".join(name + b"\0" for name in reversed(names))) == b"/" + b"/".join(names)


@given(st.lists(_COMPONENT, max_size=5), st.lists(_COMPONENT, min_size=1, max_size=5))
def test_a_name_is_joined_to_its_base(base: list[bytes], name: list[bytes]) -> None:
    components = b"".join(part + b"\0" for part in reversed(base))
    assert named(b"/".join(name) + b"\0", components, 1) == b"/" + b"/".join(base + name)


def test_names_are_folded_and_own_proc_folder_is_named() -> None:
    assert named(b"../x/./y\0", b"b\0a\0", 1) == b"/a/x/y"
    assert named(b"/proc/self/fd/3\0", b"", 42) == b"/proc/42/fd/3"
    assert named(b"/etc/x\0", b"jail\0srv\0", 1) == b"/srv/jail/etc/x"
    assert named(b"\0", b"b\0a\0", 1) == b"/a/b"
    assert named(b"", b"", 1) is None


def test_bytes_that_are_no_text_stay_visible() -> None:
    assert readable(b"caf\xe9") == "caf\\xe9"


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=6))
def test_arguments_survive_the_shell(argv: list[str]) -> None:
    block = b"".join(argument.encode() + b"\0" for argument in argv)
    assert shlex.split(arguments(block)) == argv


def test_the_order_of_the_environment_does_not_matter() -> None:
    assert environment_hash(b"A=1\0B=2\0") == environment_hash(b"B=2\0A=1\0")
    assert environment_hash(b"A=1\0") != environment_hash(b"A=2\0")


def test_addresses() -> None:
    assert address(b"\x02\x00\x1f\x90\x7f\x00\x00\x01" + bytes(8)) == Address("127.0.0.1", 8080)
    v6 = b"\x0a\x00\x01\xbb" + bytes(4) + socket.inet_pton(socket.AF_INET6, "::1") + bytes(4)
    assert address(v6) == Address("::1", 443)
    assert address(b"\x01\x00/run/x.sock\0junk") == Address("/run/x.sock")
    assert address(b"\x01\x00\0abstract") == Address("@abstract")
    assert address(b"\x10\x00" + bytes(10)) == Address("netlink")


@given(st.binary(max_size=128))
def test_no_address_is_refused(raw: bytes) -> None:
    assert address(raw).dst is None or address(raw).dst
