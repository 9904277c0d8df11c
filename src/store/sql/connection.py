"""DuckDB as ptb uses it: in memory, without extensions, confined to the files of a run, its errors as ours."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from store.errors import BadInput, Cancelled, Damaged, PtbError
from store.sql.message import one_line, told

MEMORY = "60%"
"""Of the machine's, for one query; it fails rather than write to the disk."""


def connect() -> duckdb.DuckDBPyConnection:
    """A new connection, to be confined before anything of a run gets near it."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": MEMORY,
            "temp_directory": "",
            "max_temp_directory_size": "0B",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    # Where a program has no file of its own (python -c), DuckDB would draw on stdout, where answers go.
    connection.execute("SET enable_progress_bar = false")
    return connection


def confine(connection: duckdb.DuckDBPyConnection, files: Iterable[Path]) -> None:
    """From now on it reads these files and nothing else, and its settings stay as they are."""
    connection.execute("SET allowed_paths = ?", [[str(path) for path in files]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def refusal(error: Exception, sql: str = "") -> PtbError:
    """The error of ours to raise for one of DuckDB's; a mistake in ``sql`` with its place."""
    # While rows are fetched, DuckDB's errors come through Arrow, which keeps nothing but their text.
    text = str(error)
    if "Interrupted!" in text:
        return Cancelled("the query was stopped")
    if "Out of Memory Error" in text:
        return BadInput(
            f"the query needs more than {MEMORY} of memory; filter earlier or select fewer columns"
        )
    if "IO Error" in text or "No magic bytes" in text or "corrupt" in text.lower():
        return Damaged(f"a segment cannot be read ({one_line(error)}): `ptb verify` locates the damage")
    return told(error, sql)
