"""The parser of strace's text: what strace would print is read back, and nothing that it might print is fatal."""

import string as ascii_letters
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.strace.lexer import annotation, arguments, fields, string, strings, unescape
from recorder.strace.stream import Call, Ended, Record, Stream, Superseded, Unparsed, nanoseconds
from store.readable import readable

_LETTERS = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quoted(raw: bytes) -> str:
    """As strace's print_quoted_string_ex prints it: the shortest octal escape that the next byte leaves unambiguous."""
    return '"' + escaped(raw) + '"'


def escaped(raw: bytes, also: bytes = b"") -> str:
    out = []
    for byte, following in zip(raw, raw[1:] + b"\0", strict=False):
        if byte in also:
            out.append(_octal(byte, following))
        elif byte in _LETTERS:
            out.append(_LETTERS[byte])
        elif 32 <= byte < 127:
            out.append(chr(byte))
        else:
            out.append(_octal(byte, following))
    return "".join(out)


def _octal(byte: int, following: int) -> str:
    return f"\\{byte:03o}" if chr(following) in ascii_letters.digits else f"\\{byte:o}"


def feed(*lines: str) -> list[Record]:
    stream = Stream()
    return [record for line in lines for record in stream.feed(line)] + stream.close()


@given(st.binary())
def test_strings_read_back(raw: bytes) -> None:
    assert string(quoted(raw)) == raw


@given(st.lists(st.binary()), st.booleans())
def test_arrays_read_back(words: list[bytes], truncated: bool) -> None:
    shown = [*map(quoted, words), *(["..."] if truncated else [])]
    assert strings(f"[{', '.join(shown)}]") == (words, truncated)


@given(st.binary(max_size=50), st.binary(max_size=50), st.integers(0, 1 << 20))
def test_calls_read_back(name: bytes, path: bytes, fd: int) -> None:
    resolved = escaped(path, also=b"<>")
    line = f"7 5.5 openat(AT_FDCWD</a\\76 b>, {quoted(name)}, O_RDONLY|O_CLOEXEC) = {fd}<{resolved}>"
    (call,) = feed(line)
    assert isinstance(call, Call)
    assert (call.tid, call.ts, call.name, call.result, call.error) == (7, 5_500_000_000, "openat", fd, None)
    assert string(call.arguments[1]) == name
    assert call.resolved is not None
    assert unescape(call.resolved) == path
    assert call.arguments[2] == "O_RDONLY|O_CLOEXEC"


@given(st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\n"))))
def test_no_text_is_fatal_and_none_is_dropped(lines: list[str]) -> None:
    for line in lines:
        records = feed(f"12 1.000001 {line}")
        assert records or not line.strip() or line.lstrip()[0] in "-["


@given(st.text())
def test_lines_without_a_head_are_counted(line: str) -> None:
    assert all(isinstance(record, Unparsed) for record in feed(f"x{line}".replace("\n", " ")))


WHOLE = [
    ('execve("/bin/x", ["x", "a, b)"], ["HOME=/"]) = 0', None),
    ('openat(AT_FDCWD</tmp>, "(\\"<", O_RDONLY) = -1 ENOENT (No such file or directory)', "ENOENT"),
    ("clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7f} => {parent_tid=[9]}, 88) = 9", None),
    ("vfork() = 9", None),
    ('rename("a", "b")        = 0', None),
]


@pytest.mark.parametrize(("text", "error"), WHOLE)
@given(data=st.data())
def test_halves_are_joined(text: str, error: str | None, data: st.DataObject) -> None:
    opening, closing = text.index("(") + 1, text.rindex(")", 0, text.rindex(" = "))
    at = data.draw(st.integers(opening, closing))
    name = text[: text.index("(")]
    (whole,) = feed(f"3 1.0 {text}")
    joined = feed(
        f"3 1.0 {text[:at]} <unfinished ...>",
        '4 1.1 chdir("/") = 0',
        f"3 1.2 <... {name} resumed>{text[at:]}",
    )
    assert isinstance(whole, Call)
    assert whole.error == error
    assert joined[1] == whole


def test_a_call_that_never_returned_is_said_to_be_unfinished() -> None:
    call, end = feed(
        '3 1.0 openat(AT_FDCWD, "x", O_RDONLY <unfinished ...>', "3 2.0 +++ killed by SIGKILL +++"
    )
    assert isinstance(call, Call)
    assert (call.error, call.result, call.ts) == ("unfinished", None, 1_000_000_000)
    assert end == Ended(3, 2_000_000_000, None, "SIGKILL")


def test_exec_by_another_thread_moves_to_the_leader_and_succeeded() -> None:
    records = feed(
        "5 1.0 futex(0x1, FUTEX_WAIT <unfinished ...>",
        '6 1.1 execve("/bin/sh", ["sh"], [] <pid changed to 5 ...>',
        "5 1.2 +++ superseded by execve in pid 6 +++",
        "5 1.3 <... execve resumed>) = -1 (errno 18446744073709551359)",
    )
    waiting, superseded, run = records
    assert isinstance(waiting, Call)
    assert superseded == Superseded(5, 1_200_000_000, 6)
    assert isinstance(run, Call)
    assert (run.tid, run.name, run.error, run.result) == (5, "execve", None, 0)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("+++ exited with 3 +++", Ended(1, 10**9, 3, None)),
        ("+++ killed by SIGSEGV (core dumped) +++", Ended(1, 10**9, None, "SIGSEGV")),
    ],
)
def test_ends(event: str, expected: Ended) -> None:
    assert feed(f"1 1.0 {event}") == [expected]


@pytest.mark.parametrize(
    "event", ["--- SIGTERM {si_signo=SIGTERM} ---", "[ Process PID=1 runs in 32 bit mode. ]"]
)
def test_signals_and_remarks_make_no_record(event: str) -> None:
    assert feed(f"1 1.0 {event}") == []


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("1.5", 1_500_000_000), ("1795294031.842923", 1795294031842923000), ("2.000000001", 2_000_000_001)],
)
def test_clocks(clock: str, expected: int) -> None:
    assert nanoseconds(clock) == expected


def test_structures_are_split_at_their_own_commas_only() -> None:
    text = '{sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "::1", &sin6_addr), x=[1, 2]}'
    assert fields(text) == {
        "sa_family": "AF_INET6",
        "sin6_port": "htons(9)",
        'inet_pton(AF_INET6, "::1", &sin6_addr)': 'inet_pton(AF_INET6, "::1", &sin6_addr)',
        "x": "[1, 2]",
    }


def test_shifts_are_no_descriptors() -> None:
    found, _ = arguments('MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3</tmp/"a, b">(deleted), 0)', 0)
    assert found == ["MAP_HUGETLB|21<<MAP_HUGE_SHIFT", '3</tmp/"a, b">(deleted)', "0"]
    assert annotation(found[1]) == '/tmp/"a, b"'


@pytest.mark.parametrize("reader", [string, strings])
@pytest.mark.parametrize("unreadable", ["NULL", "0x7ffe12345678"])
def test_addresses_are_not_text(reader: Callable[[str], object], unreadable: str) -> None:
    assert reader(unreadable) is None


def test_invalid_utf8_is_shown_byte_by_byte() -> None:
    assert readable(b"a\xff\xc3\xa9") == "a\\xff\u00e9"
