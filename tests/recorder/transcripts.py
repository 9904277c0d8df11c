"""Samples of transcripts and short ways to read them, for the tests of this package."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from recorder.transcript import Summary, Transcript, read_transcript
from recorder.transcript.lines import MAX_LINE
from store.rows import Command, CommandEnd, FileVersion, Gap, Message, Row, Stamp

T = TypeVar("T", bound=Row)

SAMPLES = Path(__file__).parents[1] / "samples"
STREAMS = [
    f"{name}{form}"
    for name in ("claude", "codex", "gemini", "opencode")
    for form in (".jsonl", "_solve_out.txt")
]
PROSE = [*(f"{name}_trace.txt" for name in ("claude", "codex", "gemini", "opencode")), "codex_trace_v1.txt"]


@dataclass(frozen=True)
class Read:
    """A whole transcript, read."""

    rows: list[tuple[Stamp, Row]]
    summary: Summary

    def stamps(self, kind: type[T]) -> list[tuple[Stamp, T]]:
        return [(stamp, row) for stamp, row in self.rows if isinstance(row, kind)]

    def of(self, kind: type[T]) -> list[T]:
        return [row for _, row in self.rows if isinstance(row, kind)]

    @property
    def commands(self) -> list[tuple[str, int | None, str | None]]:
        ends = {end.command_id: end for end in self.of(CommandEnd)}
        return [
            (command.text, ends[command.command_id].exit_code, ends[command.command_id].output)
            if command.command_id in ends
            else (command.text, None, None)
            for command in self.of(Command)
        ]

    @property
    def messages(self) -> list[Message]:
        return self.of(Message)

    @property
    def gaps(self) -> list[Gap]:
        return self.of(Gap)

    @property
    def versions(self) -> list[FileVersion]:
        return self.of(FileVersion)


def read(data: bytes, *, portion: int = 1 << 16, line_limit: int = MAX_LINE) -> Read:
    """``data`` as one transcript."""
    transcript = Transcript(line_limit=line_limit)
    portions = (data[start : start + portion] for start in range(0, len(data), portion))
    return Read(list(read_transcript(portions, transcript)), transcript.summary)


def sample(name: str) -> Read:
    """A sample, read."""
    return read((SAMPLES / name).read_bytes())


def events(*objects: object) -> bytes:
    """One JSON line an object."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in objects)
