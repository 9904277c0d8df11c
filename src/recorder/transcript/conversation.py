"""What an agent said and did in its own words, as rows of the store; every scaffold's reader talks to this.

It gives commands their ids, pairs results with calls in whatever order they come, tells files that tools wrote,
redacts every text and counts.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recorder.redact import Redacted
from recorder.transcript.clock import Clock, Moment
from recorder.transcript.decode import Json, encode
from recorder.transcript.shell import shell_folder, shell_text
from recorder.transcript.summary import Summary
from recorder.transcript.writes import EDIT_ONLY, Write, writes_of
from store.event import Kind
from store.rows import Command, CommandEnd, FileVersion, Gap, Message, Quality, Row, Source, Stamp

UNKNOWN = "unknown"
"""``transcript.kind`` of a JSON event that this version does not know."""

VERSION_TEXT = 256 << 10
"""Characters of a file version kept in its row, see :class:`store.rows.FileVersion`."""
RAW_TEXT = 64 << 10
"""Bytes kept of a line that is too long to be decoded."""
MAX_OPEN = 4096
"""Calls whose result is awaited; beyond it the oldest is taken as never answered."""

_MOVES = re.compile(r"\b(?:cd|pushd|popd)\b")

Stamped = tuple[Stamp, Row]


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A tool call without a result so far."""

    tool: str
    arguments: Json
    command_id: int | None
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost that an event reports."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the transcript the reader stands, and the times it was seen there."""

    line: int = 0
    """From 1."""
    coarse: Moment | None = None
    """The time before the line."""
    arrival: int | None = None
    """When the line reached the recorder, nanoseconds."""


class Conversation:
    """Collects the rows of one transcript; :meth:`drain` hands them over."""

    def __init__(self, redact: Callable[[str], Redacted]) -> None:
        self.summary = Summary()
        self.place = Place()
        """Where what is told next comes from."""
        self.rebuilt = False
        """True while texts come from prose, whose line ends and blanks are not exact."""
        self._redactor = redact
        self._original = self._safe_text = ""
        self._clock = Clock()
        self._rows: list[Stamped] = []
        self._open: dict[str, OpenCall] = {}
        self._background: dict[str, int] = {}
        self._stayed = True

    def drain(self) -> Iterator[Stamped]:
        """The rows since the last call, in order."""
        rows, self._rows = self._rows, []
        yield from rows

    def waiting(self, call_id: str | None) -> OpenCall | None:
        """The call that a result with this id would answer."""
        return self._open.get(call_id or "")

    def say(
        self,
        role: str,
        text: str,
        at: Moment | None = None,
        parent: str | None = None,
        usage: Usage = NO_USAGE,
    ) -> None:
        """Words of the agent, its user or a system."""
        self.summary.messages += 1
        if role == "assistant" and parent is None:
            self.claim(text)
        self._message(self._stamp(at), role, Kind.MESSAGE, text, parent=parent, usage=usage)

    def claim(self, text: str) -> None:
        """The agent's words for its result, so far."""
        self.summary.claimed_result = self._redact(text)

    def think(
        self, text: str, at: Moment | None = None, parent: str | None = None, usage: Usage = NO_USAGE
    ) -> None:
        """Reasoning that the agent shows."""
        self.summary.messages += 1
        self._message(self._stamp(at), "assistant", Kind.THOUGHT, text, parent=parent, usage=usage)

    def notice(self, text: str, at: Moment | None = None, usage: Usage = NO_USAGE) -> None:
        """A known event that carries no words: session start, token counts, retries."""
        self._message(self._stamp(at), "system", Kind.NOTICE, text, usage=usage)

    def unknown(self, text: str, at: Moment | None = None) -> None:
        """An event of a kind that is not known, verbatim."""
        self.summary.unknown += 1
        self._message(self._stamp(at), "system", UNKNOWN, text)

    def raw(self, text: str, at: Moment | None = None) -> None:
        """A line that is no event, verbatim."""
        self.summary.raw += 1
        self._message(self._stamp(at), "system", Kind.RAW, text)

    def broken(self, text: str) -> None:
        """A line that should be an event and cannot be read, verbatim."""
        self.summary.broken += 1
        self._message(self._stamp(None), "system", Kind.RAW, text)

    def overlong(self, kept: str, lost: int) -> None:
        """A line of which only the beginning was kept, and ``lost`` bytes were not."""
        self.summary.raw += 1
        stamp = self._stamp(None)
        self._message(stamp, "system", Kind.RAW, kept)
        self.cut(f"line {self.place.line} is longer than can be read; its beginning is kept", lost, stamp)

    def cut(self, reason: str, lost: int | None = None, stamp: Stamp | None = None) -> None:
        """Something was not kept whole; ``lost`` in bytes, where they can be counted."""
        self.summary.cut += 1
        self.summary.lost_bytes += lost or 0
        self._rows.append((stamp or self._stamp(None), Gap("truncated", reason, lost=lost)))

    def call(
        self,
        call_id: str | None,
        tool: str,
        arguments: Json | str,
        at: Moment | None = None,
        parent: str | None = None,
        usage: Usage = NO_USAGE,
        *,
        late: bool = False,
    ) -> None:
        """The agent called a tool; ``late`` when it is told after it happened, so that its time is no clock."""
        self.summary.calls += 1
        stamp = self._past(at) if late else self._stamp(at)
        known = arguments if isinstance(arguments, dict) else {}
        text = encode(arguments) if isinstance(arguments, dict) else arguments
        self._message(stamp, "assistant", Kind.TOOL_CALL, text, tool, call_id, parent, usage)
        command_id = None
        script = shell_text(tool, known)
        if script is not None:
            self.summary.commands += 1
            command_id = self.summary.commands
            self._rows.append((stamp, self._command(command_id, script, tool, known, call_id, parent)))
        while len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        self._open[call_id or ""] = OpenCall(tool, known, command_id, writes_of(tool, known))

    def result(
        self,
        call_id: str | None,
        text: str | None,
        at: Moment | None = None,
        parent: str | None = None,
        *,
        failed: bool = False,
        exit_code: int | None = None,
        output: str | None = None,
        whole_text: str | None = None,
    ) -> None:
        """A tool answered.

        Args:
            call_id: the call; None answers the last call without an id.
            text: what the agent was given.
            failed: the tool refused or reported an error, so that it wrote no file.
            exit_code: of a shell command, where it is told.
            output: of a shell command, where it differs from ``text``.
            whole_text: of the one file that an edit wrote, where the result holds it.
        """
        stamp = self._stamp(at)
        call = self._open.pop(call_id or "", None)
        tool = call.tool if call else None
        self._message(stamp, "tool", Kind.TOOL_RESULT, text, tool, call_id, parent)
        if call is None:
            return
        if call.command_id is not None:
            told = output if output is not None else text
            self._rows.append((stamp, CommandEnd(call.command_id, exit_code, self._safe(told))))
        for write in () if failed else call.writes:
            self.wrote(write.path, whole_text if whole_text is not None else write.text, stamp)

    def sent_to_background(
        self, call_id: str, text: str | None, at: Moment | None, parent: str | None
    ) -> None:
        """A shell command was answered before it ended."""
        call = self._open.pop(call_id, None)
        tool = call.tool if call else None
        self._message(self._stamp(at), "tool", Kind.TOOL_RESULT, text, tool, call_id, parent)
        if call is not None and call.command_id is not None:
            self._background[call_id] = call.command_id

    def background_ended(self, call_id: str | None) -> None:
        """A command in the background is said to have ended; how is not told."""
        command_id = self._background.pop(call_id or "", None)
        if command_id is not None:
            self._rows.append((self._stamp(None), CommandEnd(command_id)))

    def wrote(self, path: str, text: str | None, stamp: Stamp | None = None, reason: str = EDIT_ONLY) -> None:
        """A tool left a file with this text; None where only the fact is told."""
        stamp = stamp or self._stamp(None)
        version = FileVersion(self._redact(path), None, None, "none", reason=reason)
        if text is not None:
            version = self._version(path, text)
        self._rows.append((stamp, version))

    def lose(self, cause: str, reason: str, lost: int | None = None) -> None:
        """Tell that something is missing."""
        self._rows.append((self._stamp(None), Gap(cause, reason, lost=lost)))

    def _version(self, path: str, text: str) -> FileVersion:
        data = text.encode("utf-8", "replace")
        digest, size = (None, None) if self.rebuilt else (hashlib.sha256(data).hexdigest(), len(data))
        reason = "as the formatted transcript shows it" if self.rebuilt else "as the tool call told it"
        safe = self._redact(text)
        redacted = safe != text
        captured = "whole"
        if len(safe) > VERSION_TEXT:
            captured, half = "ends", VERSION_TEXT // 2
            safe = f"{safe[:half]}\n… {len(safe) - 2 * half} characters left out …\n{safe[-half:]}"
        return FileVersion(
            self._redact(path), digest, size, captured, text=safe, redacted=redacted, reason=reason
        )

    def _command(
        self, command_id: int, script: str, tool: str, known: Json, call_id: str | None, parent: str | None
    ) -> Command:
        """The agent's shell starts where the session does and stays there until something moves it."""
        folder = shell_folder(known)
        if folder is None and self._stayed and parent is None:
            folder = self.summary.cwd
        self._stayed = self._stayed and not _MOVES.search(script)
        return Command(
            command_id,
            self._redact(script),
            cwd=self._safe(folder),
            tool=tool,
            tool_call_id=call_id,
            parent_call_id=parent,
        )

    def _message(
        self,
        stamp: Stamp,
        role: str,
        kind: str,
        text: str | None,
        tool: str | None = None,
        call_id: str | None = None,
        parent: str | None = None,
        usage: Usage = NO_USAGE,
    ) -> None:
        row = Message(
            role,
            str(kind),
            self._safe(text),
            self._safe(tool),
            self._safe(call_id),
            self._safe(parent),
            usage.tokens_in,
            usage.tokens_out,
            usage.cost_usd,
            self.place.line,
        )
        self._rows.append((stamp, row))

    def _redact(self, text: str) -> str:
        """A result and a command's output, or a claim and a message, are one text that is looked at once."""
        if text is not self._original:
            self._original, redacted = text, self._redactor(text)
            self._safe_text = redacted.text
            self.summary.redacted += redacted.count
        return self._safe_text

    def _safe(self, text: str | None) -> str | None:
        return None if text is None else self._redact(text)

    def _stamp(self, at: Moment | None) -> Stamp:
        stamp = self._clock.stamp(at, self.place.coarse, self.place.arrival)
        if (jump := self._clock.take_jump()) is not None:
            self._rows.append((stamp, jump))
        self._span(stamp.ts)
        return stamp

    def _past(self, at: Moment | None) -> Stamp:
        if at is None:
            return self._stamp(None)
        self._span(at.ns)
        return Stamp(at.ns, at.quality, Source.TRANSCRIPT, at.err_us)

    def _span(self, ts: int | None) -> None:
        if ts is not None:
            summary = self.summary
            summary.first_ts = ts if summary.first_ts is None else min(summary.first_ts, ts)
            summary.last_ts = ts if summary.last_ts is None else max(summary.last_ts, ts)


def before(at: Moment | None, duration_ms: int | None) -> Moment | None:
    """The moment ``duration_ms`` earlier, as well known as ``at``."""
    if at is None or duration_ms is None:
        return at
    return Moment(at.ns - duration_ms * 1_000_000, Quality.INTERPOLATED, at.err_us)
