"""Cuts the prose of PostTrainBench's formatters into blocks: a header at the margin and an indented body."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_BLOCK = 8 << 20
"""Bytes of a body that are kept; more is counted, not kept."""

EVENT = re.compile(r"=== Event (\d{1,12}) \| (.*) ===\Z")
"""Codex, Gemini and OpenCode."""
TURN = re.compile(
    r"(Session start|System event|Result) — (.*)\Z|(Assistant|User) — turn \d{1,12}(?: \| (\S+))?\Z"
)
"""Claude Code."""


@dataclass(slots=True)
class Block:
    """One event as the formatter shows it."""

    header: re.Match[str]
    line: int
    """Where the header stands, from 1."""
    body: list[str] = field(default_factory=list)
    """Lines under the header as they stand, indentation included."""
    size: int = 0
    taken: int = 0
    """Lines with content under the header."""
    lost: int = 0
    """Bytes beyond :data:`MAX_BLOCK`."""

    @property
    def verbatim(self) -> str:
        """The block as it stands."""
        return "\n".join((self.header[0], *self.body))


class BlockReader:
    """Gathers lines into blocks and tells each as it ends.

    Args:
        header: matches the first line of a block.
        tell: takes a block that ended.
        stray: takes a line outside of any block, and its number.
        blank_ends: whether an empty line ends a block. Codex' formatter pads the empty lines of a body and puts
            lines that are no event at the margin; the others leave body lines empty and never do that.
    """

    def __init__(
        self,
        header: re.Pattern[str],
        tell: Callable[[Block], None],
        stray: Callable[[str, int], None],
        blank_ends: Callable[[], bool],
    ) -> None:
        self._header = header
        self._tell = tell
        self._stray = stray
        self._blank_ends = blank_ends
        self._block: Block | None = None
        self._blanks = 0

    def line(self, text: str, number: int) -> bool:
        """Take the next line; False when it was blank and belongs to nothing so far."""
        if (header := self._header.match(text)) is not None:
            self.flush()
            self._block = Block(header, number)
        elif not text:
            self._blanks += 1
            return False
        elif self._block is not None and text.startswith("  ") and not (self._blanks and self._blank_ends()):
            for _ in range(self._blanks):
                self._add(self._block, "")
            self._add(self._block, text)
            self._block.taken += 1
        else:
            self.flush()
            self._stray(text, number)
        self._blanks = 0
        return True

    def flush(self) -> None:
        """Tell the block that is open."""
        block, self._block = self._block, None
        if block is not None:
            self._tell(block)

    def _add(self, block: Block, text: str) -> None:
        if block.size + len(text) > MAX_BLOCK:
            block.lost += len(text) + 1
        else:
            block.body.append(text)
            block.size += len(text) + 1


def dedent(lines: list[str], width: int) -> list[str]:
    """``lines`` without ``width`` blanks of indentation; a line that is only padding becomes empty."""
    pad = " " * width
    return [line[width:] if line.startswith(pad) else line.lstrip(" ") for line in lines]


def labelled(body: list[str], label: str) -> list[str] | None:
    """The lines under ``label:`` of the formatter's first level; None where it is missing.

    The last such label counts: what the agent wrote can stand before it at the same level (a title, a command),
    but never after it.
    """
    head = f"  {label}:"
    start = next((i + 1 for i in reversed(range(len(body))) if body[i] == head), None)
    if start is None:
        return None
    end = start
    while end < len(body) and (body[end].startswith("    ") or not body[end].strip()):
        end += 1
    return dedent(body[start:end], 4)


def value(body: list[str], label: str) -> str | None:
    """What stands after ``label:`` on a line of the formatter's first level."""
    start = f"  {label}: "
    return next((line[len(start) :] for line in body if line.startswith(start)), None)
