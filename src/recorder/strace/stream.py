"""strace's output as a stream of records: whole calls, ends of threads, execs that replaced a thread group.

One line is ``PID TIME EVENT``. A call that other threads interleave with is printed in two halves
(``… <unfinished ...>`` and ``<... NAME resumed>…``); this module joins them, so that what follows sees whole
calls stamped with the moment they were entered.
"""

import re
from dataclasses import dataclass

from recorder.strace.lexer import NotStrace, annotation, arguments

_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_PID_CHANGED = re.compile(r" <pid changed to (\d+) \.\.\.>$")
_EXITED = re.compile(r"\+\+\+ exited with (\d+) \+\+\+")
_KILLED = re.compile(r"\+\+\+ killed by (\w+)(?: \(core dumped\))? \+\+\+")
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+) \+\+\+")

UNFINISHED = "unfinished"
"""The ``error`` of a call whose end strace did not see: it may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that was entered, with its outcome."""

    tid: int
    ts: int
    """When it was entered, nanoseconds since the epoch."""
    name: str
    arguments: list[str]
    """As strace printed them."""
    result: int | None
    """What it returned; None where it failed or its end was not seen."""
    resolved: str | None
    """What the kernel calls the descriptor it returned, still escaped."""
    error: str | None
    """Errno name, or :data:`UNFINISHED`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread ended; for the leader of a group that is the end of the process."""

    tid: int
    ts: int
    exit_code: int | None
    signal: str | None


@dataclass(frozen=True, slots=True)
class Superseded:
    """The thread ``by`` ran exec: it now has the leader's id ``tid``, and the other threads are gone."""

    tid: int
    ts: int
    by: int


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A line that is none of the forms that strace is known to print."""

    line: str


Record = Call | Ended | Superseded | Unparsed


@dataclass(slots=True)
class _Half:
    """The first half of a call."""

    ts: int
    text: str
    replaced_group: bool = False
    """The call is an exec that replaced its thread group, so it succeeded, whatever strace prints as result."""


class Stream:
    """Joins lines into records; keeps the first halves of calls that are under way."""

    def __init__(self) -> None:
        self._halves: dict[int, _Half] = {}

    def feed(self, line: str) -> list[Record]:
        """The records that one line (without its newline) completes."""
        try:
            pid_text, clock, event = line.split(None, 2)
            tid, ts = int(pid_text), nanoseconds(clock)
        except ValueError:
            return [Unparsed(line)] if line.strip() else []
        first = event[0]
        if first == "+":
            return self._status(tid, ts, event, line)
        if first in "-[":
            return []  # signals and remarks: nothing that a row holds
        if first == "<":
            return self._resume(tid, event, line)
        if event.endswith(_UNFINISHED):
            self._halves[tid] = _Half(ts, event[: -len(_UNFINISHED)])
            return []
        if event.endswith(" ...>") and (changed := _PID_CHANGED.search(event)):
            self._halves[tid] = _Half(ts, event[: changed.start()])
            return []
        return [_call(tid, ts, event, line)]

    def close(self) -> list[Record]:
        """The calls still under way when the trace ends."""
        return [record for tid in list(self._halves) for record in self._abandon(tid)]

    def _status(self, tid: int, ts: int, event: str, line: str) -> list[Record]:
        if found := _EXITED.match(event):
            return [*self._abandon(tid), Ended(tid, ts, int(found[1]), None)]
        if found := _KILLED.match(event):
            return [*self._abandon(tid), Ended(tid, ts, None, found[1])]
        if found := _SUPERSEDED.match(event):
            by = int(found[1])
            given_up = self._abandon(tid)
            half = self._halves.pop(by, None)
            if half:
                half.replaced_group = True
                self._halves[tid] = half
            return [*given_up, Superseded(tid, ts, by)]
        return [Unparsed(line)]

    def _resume(self, tid: int, event: str, line: str) -> list[Record]:
        half = self._halves.pop(tid, None)
        found = _RESUMED.match(event)
        if half is None or found is None:
            return [Unparsed(line)]
        rest = event[found.end() :]
        if rest.startswith(_UNFINISHED):
            rest = rest[len(_UNFINISHED) :]
        if half.replaced_group:
            rest = ") = 0"
        return [_call(tid, half.ts, half.text + rest, line)]

    def _abandon(self, tid: int) -> list[Record]:
        """The call that ``tid`` was in and never came back from."""
        half = self._halves.pop(tid, None)
        return [_call(tid, half.ts, half.text + ") = ?", half.text)] if half else []


def nanoseconds(clock: str) -> int:
    """``1795294031.842923`` or with nine decimals, as strace prints it, in nanoseconds."""
    seconds, _, fraction = clock.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])


def _call(tid: int, ts: int, text: str, line: str) -> Record:
    name, opening, _ = text.partition("(")
    if not opening or not name.isidentifier():
        return Unparsed(line)
    try:
        found, end = arguments(text, len(name) + 1)
        result, resolved, error = _outcome(text[end:])
    except (NotStrace, ValueError):
        return Unparsed(line)
    return Call(tid, ts, name, found, result, resolved, error)


def _outcome(text: str) -> tuple[int | None, str | None, str | None]:
    """Result, resolved descriptor and error from what stands behind the closing bracket (``  = 3</tmp/x>``)."""
    equals, *words = text.split(None, 3)
    if equals != "=" or not words:
        raise NotStrace(text)
    value = words[0]
    if value == "-1":
        return None, None, words[1] if len(words) > 1 else "?"
    if value == "?":
        return None, None, words[1] if len(words) > 1 else UNFINISHED
    return int(value.partition("<")[0], 0), annotation(text), None
