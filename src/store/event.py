"""What a reader of a run steps through: one event a recorded row, in the order of ``(ts, seq)``.

Imports nothing but the standard library, so that the app paints its first rows before anything heavy loads.
"""

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """A track of the timeline; every kind of event belongs to exactly one."""

    AGENT = "agent"
    EXEC = "exec"
    FILES = "files"
    NET = "net"
    GPU = "gpu"
    GAPS = "gaps"


class Kind(StrEnum):
    """``events.kind``."""

    MESSAGE = "message"
    THOUGHT = "thought"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    NOTICE = "notice"
    """A transcript event that carries no words of the agent: session start, token counts …"""
    RAW = "raw"
    """A transcript line that is no JSON, or of an unknown kind."""
    COMMAND = "command"
    COMMAND_END = "command_end"
    COMMAND_LINK = "command_link"
    PROCESS = "process"
    EXIT = "exit"
    EXEC = "exec"
    OPEN = "open"
    """A file was opened; whether it was read is not observed, or nothing was."""
    READ = "read"
    """Bytes were read or mapped through one open."""
    WRITE = "write"
    """Bytes were written through one open."""
    CREATE = "create"
    RENAME = "rename"
    LINK = "link"
    UNLINK = "unlink"
    DIRECTORY = "directory"
    """mkdir, rmdir."""
    OTHER_FILE = "file"
    """Any other operation on a name: truncate, symlink, mount, chmod …"""
    VERSION = "version"
    """The content of a file as written."""
    CONNECT = "connect"
    GPU = "gpu"
    GAP = "gap"


LANES: dict[Kind, Lane] = {
    **dict.fromkeys(
        (Kind.MESSAGE, Kind.THOUGHT, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.NOTICE, Kind.RAW), Lane.AGENT
    ),
    **dict.fromkeys(
        (Kind.COMMAND, Kind.COMMAND_END, Kind.COMMAND_LINK, Kind.PROCESS, Kind.EXIT, Kind.EXEC), Lane.EXEC
    ),
    **dict.fromkeys(
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
        ),
        Lane.FILES,
    ),
    Kind.CONNECT: Lane.NET,
    Kind.GPU: Lane.GPU,
    Kind.GAP: Lane.GAPS,
}


TABLE_KINDS: dict[str, Kind] = {
    "process_starts": Kind.PROCESS,
    "process_exits": Kind.EXIT,
    "execs": Kind.EXEC,
    "commands": Kind.COMMAND,
    "command_ends": Kind.COMMAND_END,
    "command_links": Kind.COMMAND_LINK,
    "file_versions": Kind.VERSION,
    "net": Kind.CONNECT,
    "gpu": Kind.GPU,
    "gaps": Kind.GAP,
}
"""Recorded tables whose rows are all of one kind; ``files`` and ``transcript`` have the two maps below."""

FILE_KINDS: dict[str, Kind] = {
    "open": Kind.OPEN,
    "create": Kind.CREATE,
    "rename": Kind.RENAME,
    "link": Kind.LINK,
    "unlink": Kind.UNLINK,
    "mkdir": Kind.DIRECTORY,
    "rmdir": Kind.DIRECTORY,
}
"""``files.op`` → kind, any other op is :attr:`Kind.OTHER_FILE`. An open or create with ``bytes_written`` > 0 is a
:attr:`Kind.WRITE`, else with ``bytes_read + bytes_mapped`` > 0 a :attr:`Kind.READ`."""

MESSAGE_KINDS: dict[str, Kind] = {
    "message": Kind.MESSAGE,
    "thought": Kind.THOUGHT,
    "tool_call": Kind.TOOL_CALL,
    "tool_result": Kind.TOOL_RESULT,
    "notice": Kind.NOTICE,
}
"""``transcript.kind`` → kind, anything else is :attr:`Kind.RAW`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the event log, cheap to make; the whole row is a :meth:`store.cursor.Cursor.detail` away."""

    position: int
    """Rank in the order of ``(ts, seq)``, from 0, in the cursor that gave it."""
    seq: int
    ts: int | None
    """Nanoseconds since the epoch, UTC; None where the source has no clock."""
    kind: Kind
    process_id: int | None
    pid: int | None
    label: str
    """Path, argv, first line of a message …: run text, hostile."""
    amount: int | None
    """Bytes of a read or write, exit code of an exit, utilisation of a GPU sample; None otherwise."""
    failed: bool
    """Attempted, not done (a failed open, exec, connect)."""
