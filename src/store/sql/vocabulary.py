"""What can be written in a query: the views with their columns, and functions; for those who complete or explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import duckdb

from store.sql.query import open_query
from store.sql.views import VIEWS, text_of

_UNFIT = "^(collate|icu|pg|has|inet|st|variant|uuid|txid|array|list_negative|json_serialize|json_deserialize)_|_byte_"
"""Functions of DuckDB that are about the database, about types no view has, or other names of what is there."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view."""

    name: str
    type: str
    """DuckDB's name of it."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that a query can use."""

    views: Mapping[str, tuple[Column, ...]]
    """The public views in the order of docs/sql.md."""
    meanings: Mapping[str, str]
    """What one row of each view is."""
    functions: tuple[str, ...]
    """Scalar functions, macros and aggregates, by name."""


@cache
def vocabulary() -> Vocabulary:
    """The names; half a second the first time, because DuckDB is asked for each view."""
    with open_query([]) as query:
        views = {
            view: tuple(
                Column(row["column_name"], row["column_type"])
                for row in query.run(f"DESCRIBE {view}").table().to_pylist()
            )
            for view in VIEWS
        }
    meanings = {view: text_of(view).sql.split("\n", 1)[0].removeprefix("--").strip() for view in VIEWS}
    return Vocabulary(views, meanings, _functions())


def _functions() -> tuple[str, ...]:
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions()"
            " WHERE function_type IN ('scalar', 'aggregate', 'macro')"
            " AND regexp_full_match(function_name, '[a-z][a-z0-9_]*') AND NOT regexp_matches(function_name, ?)"
            " ORDER BY 1",
            [_UNFIT],
        ).fetchall()
    return tuple(name for (name,) in rows)
