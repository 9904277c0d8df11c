"""What a row of the log says: a symbol, a word beside it, the text, an amount.

Words are chosen so that what the agent *asked for* and what *happened* never read the same: a tool call is
``calls``, a command ``command``, an image that ran ``exec``, one that did not ``tried exec``.
"""

import os.path
from dataclasses import dataclass

from ptb_tui.state.folding import Fold, Row
from ptb_tui.state.times import counted, many, size
from store.event import Event, Kind
from store.plain import plain

WORDS: dict[Kind, tuple[str, str]] = {
    Kind.MESSAGE: ("“", "says"),
    Kind.THOUGHT: ("~", "thinks"),
    Kind.TOOL_CALL: ("▷", "calls"),
    Kind.TOOL_RESULT: ("◁", "result"),
    Kind.NOTICE: ("·", "notice"),
    Kind.RAW: ("?", "raw line"),
    Kind.COMMAND: ("$", "command"),
    Kind.COMMAND_END: ("◁", "output"),
    Kind.COMMAND_LINK: ("=", "ran as"),
    Kind.PROCESS: ("+", "process"),
    Kind.EXIT: ("×", "exit"),
    Kind.EXEC: ("▶", "exec"),
    Kind.OPEN: ("○", "open"),
    Kind.READ: ("◂", "read"),
    Kind.WRITE: ("▸", "write"),
    Kind.CREATE: ("+", "create"),
    Kind.RENAME: ("»", "rename"),
    Kind.LINK: ("=", "link"),
    Kind.UNLINK: ("−", "delete"),
    Kind.DIRECTORY: ("/", "folder"),
    Kind.OTHER_FILE: ("*", "file"),
    Kind.VERSION: ("≡", "content"),
    Kind.CONNECT: ("@", "connect"),
    Kind.GPU: ("▪", "gpu"),
    Kind.GAP: ("░", "gap"),
}
"""Kind → symbol and word."""

WORD_WIDTH = 13
"""Cells of the longest word, with ``tried`` before it."""

_PATH_KINDS = frozenset(
    (
        Kind.OPEN,
        Kind.READ,
        Kind.WRITE,
        Kind.CREATE,
        Kind.RENAME,
        Kind.LINK,
        Kind.UNLINK,
        Kind.DIRECTORY,
        Kind.OTHER_FILE,
        Kind.VERSION,
    )
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The parts of a row, all safe to show and on one line."""

    symbol: str
    word: str
    before: str
    """What comes before the main text, a folder; cut first, from the left."""
    text: str
    times: str
    """How often, where a row stands for repetitions."""
    amount: str
    tried: bool
    """Attempted, not done."""


def wording(row: Row, root: str | None = None) -> Wording:
    """What ``row`` says; paths below ``root`` are written from there."""
    event = row.lead
    symbol, word = WORDS[event.kind]
    count = len(row.events)
    if row.fold is Fold.SYSTEM:
        return _system(row, symbol)
    if row.fold is Fold.SAMPLES:
        busy = [sample.amount for sample in row.events if sample.amount is not None]
        text = counted(count, "sample") + (f", {min(busy)}–{max(busy)} % busy" if busy else "")
        return Wording(symbol, word, "", text, "", "", tried=False)
    tried = event.failed
    if tried:
        symbol, word = "✗", f"tried {word}"
    amount = _amount(event.kind, row.amount)
    times = f"×{many(count)}" if row.fold is Fold.REPEAT else ""
    if event.kind in _PATH_KINDS:
        before, text = _path(event.label, root)
        return Wording(symbol, word, before, text, times, amount, tried=tried)
    return Wording(symbol, word, "", plain(event.label), times, amount, tried=tried)


def citation(event: Event) -> str:
    """An event in one line of plain text, for a quotation."""
    return f"{WORDS[event.kind][1]} {plain(event.label)}"


def _system(row: Row, symbol: str) -> Wording:
    paths = [event.label for event in row.events]
    failed = row.failed
    text = counted(len(paths), "system file") + (f", {many(failed)} not there" if failed else "")
    folder = os.path.commonpath(paths) if all(path.startswith("/") for path in paths) else ""
    amount = size(row.amount) if row.amount else ""
    where = f"  {plain(folder)}/…" if len(folder) > 1 else ""
    return Wording(symbol, "loads", "", text + where, "", amount, tried=False)


def _path(path: str, root: str | None) -> tuple[str, str]:
    shown = plain(path)
    if root and shown.startswith(root.rstrip("/") + "/"):
        shown = shown[len(root.rstrip("/")) + 1 :]
    folder, slash, name = shown.rpartition("/")
    return folder + slash, name


def _amount(kind: Kind, amount: int | None) -> str:
    if amount is None:
        return ""
    if kind in (Kind.READ, Kind.WRITE, Kind.VERSION, Kind.CONNECT):
        return size(amount)
    if kind in (Kind.EXIT, Kind.COMMAND_END):
        return f"code {amount}"
    if kind is Kind.GPU:
        return f"{amount} %"
    if kind is Kind.GAP:
        return f"{many(amount)} lost"
    return ""
