"""A transcript of any scaffold in any form, read as it arrives; what it is shows in its content.

Every line ends up in a row, or is counted as blank or as the continuation of another: nothing is dropped.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

from recorder.redact import Redacted, redact
from recorder.transcript import claude, codex, gemini, opencode
from recorder.transcript.blocks import EVENT, TURN, Block, BlockReader
from recorder.transcript.claude_prose import ClaudeProse
from recorder.transcript.clock import split_prefix
from recorder.transcript.conversation import RAW_TEXT, Conversation, Place, Stamped
from recorder.transcript.decode import Json, decode_object
from recorder.transcript.event_prose import EventProse
from recorder.transcript.lines import MAX_LINE, Line, LineBuffer
from recorder.transcript.summary import Form, Scaffold, Summary
from store.counting import counted
from store.readable import readable


class _Reader(Protocol):
    """Reads the events of one scaffold's stream."""

    def read(self, event: Json, verbatim: str) -> None:
        """Tell one event; ``verbatim`` is its line."""
        ...


class Transcript:
    """Turns the bytes of one transcript into stamped rows.

    A log of several sessions (an agent that was prompted again) is one transcript.
    """

    def __init__(
        self, redact_text: Callable[[str], Redacted] = redact, *, line_limit: int = MAX_LINE
    ) -> None:
        """Every text passes ``redact_text``; of a line longer than ``line_limit`` bytes the beginning is kept."""
        self._talk = Conversation(redact_text)
        self._lines = LineBuffer(line_limit)
        self._reader: _Reader | None = None
        self._gemini: gemini.GeminiReader | None = None
        self._blocks: BlockReader | None = None
        self._arrival: int | None = None

    @property
    def summary(self) -> Summary:
        """What is known so far; complete after :meth:`finish`."""
        return self._talk.summary

    def feed(self, data: bytes, arrival: int | None = None) -> Iterator[Stamped]:
        """The rows that ``data`` completes.

        Args:
            data: any portion of the stream.
            arrival: when it was read from a live agent, nanoseconds since the epoch; None for a file.
        """
        self._arrival = arrival
        for line in self._lines.feed(data):
            self._line(line)
            yield from self._talk.drain()

    def finish(self) -> Iterator[Stamped]:
        """The rows that were waiting for more input, then gaps that say what could not be read."""
        for line in self._lines.finish():
            self._line(line)
        if self._blocks is not None:
            self._blocks.flush()
        if self._gemini is not None:
            self._gemini.flush()
        summary = self.summary
        if summary.broken:
            reason = f"{counted(summary.broken, 'line begins', 'lines begin')} as an event and cannot be read; kept as raw rows"
            self._talk.lose("unparsed", reason, summary.broken)
        yield from self._talk.drain()

    def _line(self, line: Line) -> None:
        self.summary.lines += 1
        prefix, data = split_prefix(line.data)
        self._talk.place = Place(line.number, prefix, self._arrival)
        if line.lost:
            self._flush_blocks()
            kept = data[:RAW_TEXT]
            self._talk.overlong(readable(kept), line.lost + len(data) - len(kept))
        elif self._blocks is not None:
            self._prose(self._blocks, line)
        elif not data.strip():
            self.summary.blank += 1
        elif (event := decode_object(data)) is not None:
            self._event(event, readable(data))
        elif self._reader is None and prefix is None and self._begins_prose(line):
            pass
        elif data.lstrip().startswith(b"{") and (self._reader is not None or not line.ended):
            self._talk.broken(readable(data))
        else:
            self._talk.raw(readable(data))

    def _event(self, event: Json, verbatim: str) -> None:
        if self._reader is None:
            self._reader = self._choose(event)
        if self._reader is None:
            self._talk.unknown(verbatim)
        else:
            self._reader.read(event, verbatim)

    def _choose(self, event: Json) -> _Reader | None:
        reader: _Reader
        if claude.recognises(event):
            scaffold, reader = Scaffold.CLAUDE, claude.ClaudeReader(self._talk)
        elif codex.recognises(event):
            scaffold, reader = Scaffold.CODEX, codex.CodexReader(self._talk)
        elif opencode.recognises(event):
            scaffold, reader = Scaffold.OPENCODE, opencode.OpencodeReader(self._talk)
        elif gemini.recognises(event):
            reader = self._gemini = gemini.GeminiReader(self._talk)
            scaffold = Scaffold.GEMINI
        else:
            return None
        self.summary.scaffold, self.summary.form = scaffold, Form.JSON
        return reader

    def _begins_prose(self, line: Line) -> bool:
        text = readable(line.data)
        summary = self.summary
        if EVENT.match(text):
            events = EventProse(self._talk)
            self._blocks = BlockReader(
                EVENT, self._telling(events.read), self._stray, lambda: summary.scaffold is Scaffold.CODEX
            )
        elif TURN.match(text):
            summary.scaffold = Scaffold.CLAUDE
            self._blocks = BlockReader(
                TURN, self._telling(ClaudeProse(self._talk).read), self._stray, lambda: False
            )
        else:
            return False
        summary.form = Form.PROSE
        self._talk.rebuilt = True
        self._prose(self._blocks, line)
        return True

    def _prose(self, blocks: BlockReader, line: Line) -> None:
        if not blocks.line(readable(line.data), line.number):
            self.summary.blank += 1

    def _telling(self, read: Callable[[Block], None]) -> Callable[[Block], None]:
        def tell(block: Block) -> None:
            here, self._talk.place = self._talk.place, Place(block.line, None, self._arrival)
            self.summary.merged += block.taken
            read(block)
            if block.lost:
                self._talk.cut(f"the event at line {block.line} is longer than can be read", block.lost)
            self._talk.place = here

        return tell

    def _stray(self, text: str, number: int) -> None:
        self._talk.place = Place(number, None, self._arrival)
        self._talk.raw(text)

    def _flush_blocks(self) -> None:
        if self._blocks is not None:
            self._blocks.flush()


def read_transcript(portions: Iterator[bytes], transcript: Transcript) -> Iterator[Stamped]:
    """All rows of a transcript that is there whole, in portions of any size."""
    return chain(chain.from_iterable(transcript.feed(part) for part in portions), transcript.finish())
