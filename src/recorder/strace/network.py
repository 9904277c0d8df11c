"""connect(2) as rows of the ``net`` table."""

from recorder.strace.lexer import arguments, fields, string
from recorder.strace.processes import Process
from recorder.strace.stream import Call
from store.readable import readable
from store.rows import Connection

_UNDER_WAY = "EINPROGRESS"
"""A non-blocking connect returns this and goes on; strace does not see how it ends."""


def connection(process: Process, call: Call) -> Connection | None:
    """The row of a connect; None for AF_UNSPEC, which takes a connection away."""
    if len(call.arguments) < 2:
        return None
    address = fields(call.arguments[1])
    if address.get("sa_family") == "AF_UNSPEC":
        return None
    error = None if call.error == _UNDER_WAY else call.error
    return Connection(process.process_id, process.pid, _destination(address), _port(address), error=error)


def _destination(address: dict[str, str]) -> str | None:
    """Numeric address, path of a local socket (``@`` for the abstract kind), or the family where there is neither."""
    family = address.get("sa_family", "")
    if family == "AF_UNIX":
        shown = address.get("sun_path")
        return _local(shown) if shown else None
    for name, value in address.items():
        if value.startswith(("inet_addr(", "inet_pton(")):
            inside, _ = arguments(value, value.index("(") + 1)
            quoted = next((found for found in map(string, inside) if found is not None), None)
            return readable(quoted) if quoted is not None else None
        if name == "sin6_addr":
            return value
    return family.removeprefix("AF_").lower() or None


def _local(shown: str) -> str | None:
    abstract = shown.startswith("@")
    path = string(shown.removeprefix("@"))
    return None if path is None else ("@" if abstract else "") + readable(path)


def _port(address: dict[str, str]) -> int | None:
    for name in ("sin_port", "sin6_port"):
        number = address.get(name, "").removeprefix("htons(").removesuffix(")")
        if number.isdigit():
            return int(number)
    return None
