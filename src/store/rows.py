"""The rows a recorder writes, one frozen record a table; the physical schema is read off these annotations.

Every row is put with a :class:`Stamp` (when, how well known, by which witness); ``seq`` is given by the writer.
``None`` always means *not observed*; 0 and "" mean *observed, and nothing there*. Times are nanoseconds since
the epoch, UTC. All integers are signed 64-bit on disk.
"""

from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Column(Enum):
    """How a field is stored."""

    INT = "int"
    """Signed 64-bit integer."""
    FLOAT = "float"
    """64-bit float."""
    FLAG = "flag"
    """Boolean."""
    NS = "ns"
    """Nanoseconds since the epoch, UTC; SQL users see a TIMESTAMP in microseconds."""
    SYMBOL = "symbol"
    """Text that repeats (paths, argv): an id into the run's strings."""
    TEXT = "text"
    """Text that does not repeat (messages, output): stored in place."""


Int = Annotated[int, Column.INT]
Float = Annotated[float, Column.FLOAT]
Flag = Annotated[bool, Column.FLAG]
Ns = Annotated[int, Column.NS]
Symbol = Annotated[str, Column.SYMBOL]
Text = Annotated[str, Column.TEXT]


class Quality(StrEnum):
    """How well the time of a row is known (``ts_quality``)."""

    EXACT = "exact"
    """The kernel's or the agent's own clock at the moment it happened."""
    ARRIVAL = "arrival"
    """When it reached the recorder."""
    SECOND = "second"
    """A clock that only shows whole seconds."""
    INTERPOLATED = "interpolated"
    """Between two known times of the same source."""
    NONE = "none"
    """No clock: order only."""


class Source(StrEnum):
    """The witness a row comes from."""

    KERNEL = "kernel"
    GPU = "gpu"
    TRANSCRIPT = "transcript"
    WORKSPACE = "workspace"
    """Contents of files, read from outside the sandbox."""
    RECORDER = "recorder"
    """The recorder about itself."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a row happened and who saw it."""

    ts: int | None
    """Nanoseconds since the epoch, UTC; None where the source has no clock."""
    quality: Quality
    source: Source
    err_us: int | None = None
    """Half-width of the uncertainty of ``ts`` in microseconds; no order is asserted inside it."""


@dataclass(frozen=True, slots=True)
class ProcessStart:
    """A process (tgid) came into being, or was first seen."""

    process_id: Int
    """Unique in the run, never reused, given by the kernel source; positive."""
    pid: Int
    """The host's pid."""
    parent_id: Int | None = None
    """``process_id`` of the parent; None for the root or a parent that was not recorded."""
    ppid: Int | None = None
    ns_pid: Int | None = None
    """The pid inside the innermost pid namespace."""
    exe: Symbol | None = None
    argv: Symbol | None = None
    """Shell-quoted (``shlex.join``), as inherited from the parent until the first exec."""
    cwd: Symbol | None = None
    uid: Int | None = None


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """A process ended."""

    process_id: Int
    pid: Int
    exit_code: Int | None = None
    signal: Int | None = None


@dataclass(frozen=True, slots=True)
class Exec:
    """A process became, or tried to become, another program image."""

    process_id: Int
    pid: Int
    exe: Symbol | None
    argv: Symbol | None
    """Shell-quoted (``shlex.join``)."""
    cwd: Symbol | None = None
    env_hash: Symbol | None = None
    """SHA-256 over the sorted environment; the environment itself holds secrets and is not kept."""
    truncated: Flag = False
    """argv was longer than the source can see."""
    error: Symbol | None = None
    """Errno name when the exec failed (attempted, not executed)."""


@dataclass(frozen=True, slots=True)
class Command:
    """The agent issued a shell command."""

    command_id: Int
    """Unique in the run; positive."""
    text: Text
    cwd: Symbol | None = None
    tool: Symbol | None = None
    """The scaffold's tool name (``Bash``, ``run_shell_command`` …)."""
    tool_call_id: Symbol | None = None
    parent_call_id: Symbol | None = None
    """The tool call of the subagent that issued it."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """The result of a shell command came back to the agent."""

    command_id: Int
    exit_code: Int | None = None
    output: Text | None = None


@dataclass(frozen=True, slots=True)
class CommandLink:
    """Which process a command became."""

    command_id: Int
    process_id: Int | None
    match: Symbol
    """``exact`` (text and time agree), ``time`` (only time does) or ``none``."""


@dataclass(frozen=True, slots=True)
class FileAccess:
    """What one process did through one open of one file in one interval, or one operation on a name."""

    process_id: Int | None
    pid: Int | None
    op: Symbol
    """open, create, truncate, rename, link, symlink, unlink, mkdir, rmdir, mount, chmod …"""
    path: Symbol
    """As the kernel resolved it, absolute; invalid UTF-8 as ``\\xNN``."""
    path2: Symbol | None = None
    """The new name of rename and link; the target of symlink."""
    access_id: Int | None = None
    """The same for all rows of one open file."""
    end_ts: Ns | None = None
    dev: Int | None = None
    inode: Int | None = None
    flags: Int | None = None
    """open(2) flags."""
    first_read_ts: Ns | None = None
    last_read_ts: Ns | None = None
    first_write_ts: Ns | None = None
    last_write_ts: Ns | None = None
    bytes_read: Int | None = None
    """Delta in this row; the SUM over an access is the truth."""
    bytes_written: Int | None = None
    bytes_mapped: Int | None = None
    mmap_prot: Int | None = None
    """PROT_* bits of mappings made."""
    final: Flag | None = None
    """The last row of its access."""
    error: Symbol | None = None
    """Errno name when the call failed (attempted, not done)."""
    via: Symbol | None = None
    """How: ``syscall``, ``io_uring``, ``mmap``, ``inherited`` …"""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """Content of a file as written."""

    path: Symbol
    sha256: Symbol | None
    """Of the original bytes."""
    size: Int | None
    """Of the original, bytes."""
    captured: Symbol
    """``whole``, ``ends`` (head and tail only) or ``none``."""
    text: Text | None = None
    """The text after redaction, up to 256 KiB; larger content is in ``blob``."""
    blob: Symbol | None = None
    """SHA-256 of the stored bytes, the name of a file under ``blobs/``."""
    redacted: Flag = False
    process_id: Int | None = None
    pid: Int | None = None
    reason: Symbol | None = None
    """Why it was not captured whole."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A network connection, made or attempted."""

    process_id: Int | None
    pid: Int | None
    dst: Symbol | None
    """Address, or the path of a local socket."""
    port: Int | None = None
    host: Symbol | None = None
    """Name, where one was seen."""
    bytes_out: Int | None = None
    bytes_in: Int | None = None
    error: Symbol | None = None


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One sample of one device."""

    device: Int
    util_pct: Float | None = None
    mem_used_mb: Float | None = None
    mem_total_mb: Float | None = None
    power_w: Float | None = None
    temp_c: Float | None = None
    sm_clock_mhz: Float | None = None
    mem_clock_mhz: Float | None = None
    throttle: Symbol | None = None
    """Names of active throttle reasons, comma-separated."""
    pcie_rx_kb_s: Float | None = None
    pcie_tx_kb_s: Float | None = None
    ecc_errors: Int | None = None
    """Uncorrected volatile ECC errors."""
    processes: Text | None = None
    """JSON: ``[{"pid": …, "mem_mb": …}]``."""
    xid: Symbol | None = None
    """Critical driver errors (Xid) since the previous sample, comma-separated; "" is none."""


@dataclass(frozen=True, slots=True)
class Message:
    """One item of the agent's transcript."""

    role: Symbol
    """assistant, user, system, tool."""
    kind: Symbol
    """message, thought, tool_call, tool_result, notice (known, no words), unknown, raw (no JSON)."""
    text: Text | None = None
    tool: Symbol | None = None
    tool_call_id: Symbol | None = None
    parent_call_id: Symbol | None = None
    tokens_in: Int | None = None
    tokens_out: Int | None = None
    cost_usd: Float | None = None
    line: Int | None = None
    """1-based line of the source where it starts."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that was not seen, or a loss; the stamp's source is the witness that failed."""

    cause: Symbol
    """One word: unavailable, ring_full, killed, recovered, unparsed, truncated, clock_jump, stopped …"""
    reason: Text
    """A sentence for people."""
    start_ts: Ns | None = None
    end_ts: Ns | None = None
    lost: Int | None = None
    """Rows or bytes lost, where the count is exact."""


Row = (
    ProcessStart
    | ProcessExit
    | Exec
    | Command
    | CommandEnd
    | CommandLink
    | FileAccess
    | FileVersion
    | Connection
    | GpuSample
    | Message
    | Gap
)

TABLES: dict[type[Row], str] = {
    ProcessStart: "process_starts",
    ProcessExit: "process_exits",
    Exec: "execs",
    Command: "commands",
    CommandEnd: "command_ends",
    CommandLink: "command_links",
    FileAccess: "files",
    FileVersion: "file_versions",
    Connection: "net",
    GpuSample: "gpu",
    Message: "transcript",
    Gap: "gaps",
}
"""Record type → name of the recorded table."""


def columns(row_type: type[Row]) -> dict[str, Column]:
    """Name → storage of each field of a record type, in order."""
    hints = get_type_hints(row_type, include_extras=True)
    return {field.name: _storage(hints[field.name]) for field in fields(row_type)}


def _storage(hint: Any) -> Column:
    """The :class:`Column` in an annotation such as ``Symbol | None``."""
    if get_origin(hint) is Annotated:
        column = get_args(hint)[1]
        assert isinstance(column, Column)
        return column
    return next(_storage(arg) for arg in get_args(hint) if arg is not type(None))
