"""What a query says before it runs: that it is one read-only statement, and which views and columns it names.

DuckDB parses; its JSON form of the statement is walked here. Only names that the public views have may stand
where a table stands, and only functions that read nothing where a table function stands, so a query cannot
reach a file, a setting or a catalog in the first place. The connection refuses them as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import duckdb
import orjson

from store.errors import BadInput, BadQuery
from store.sql.message import place_text, told

TABLE_FUNCTIONS = frozenset(
    {"unnest", "range", "generate_series", "generate_subscripts", "json_each", "json_tree"}
)
"""Table functions that a query may call; none of them reads anything but its arguments."""

_QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_READ_ONLY = "only one SELECT, DESCRIBE, SHOW or SUMMARIZE is allowed"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a piece of SQL uses, lower-case."""

    tables: frozenset[tuple[str, ...]]
    """Tables by their path, schema first; those of ``WITH`` among them."""
    columns: frozenset[str]
    every_column: bool
    """Columns may be used that are not named (``*``, NATURAL, PIVOT …)."""


def parse(connection: duckdb.DuckDBPyConnection, sql: str) -> Json:
    """The one read-only statement in ``sql`` as DuckDB's JSON tree; raises :class:`BadInput` for anything else."""
    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except UnicodeEncodeError as error:
        raise BadInput(f"the query is not valid UTF-8 at character {error.start + 1}") from None
    except duckdb.Error as error:
        raise told(error, sql) from None
    if not statements:
        raise BadInput("the query is empty; try: SELECT * FROM runs")
    if len(statements) > 1:
        raise BadInput(f"{_READ_ONLY} at a time, and this is {len(statements)} statements")
    kind = statements[0].type.name
    if kind != "SELECT":
        hint = "; give PIVOT its values with IN (…)" if kind == "MULTI" else ""
        raise BadInput(f"{_READ_ONLY}, not {'this' if hint else kind.replace('_', ' ')}{hint}")
    ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [statements[0].query]).fetchall()
    tree: Json = orjson.loads(text)
    if tree["error"]:
        raise BadInput(f"{_READ_ONLY}: {tree['error_message']}")
    node: Json = tree["statements"][0]["node"]
    return node


def check(tree: Json, views: frozenset[str], sql: str) -> None:
    """Raise :class:`BadInput` unless ``tree`` of ``sql`` reads nothing but ``views`` and its own WITH tables."""
    own = {name for node in nodes(tree) for name in _defined(node)}
    for node in nodes(tree):
        kind = node.get("type")
        if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _QUERY_NODES:
            raise BadInput(f"{_READ_ONLY}, also inside WITH")
        if kind == "TABLE_FUNCTION":
            _check_function(node["function"]["function_name"].lower())
        elif kind == "BASE_TABLE":
            _check_table(node, views, own, sql)
        elif node.get("show_type") == "SHOW_SPECIAL" and not is_show_tables(tree):
            raise BadInput("SHOW takes TABLES or one view; DESCRIBE a view for its columns")


def is_show_tables(tree: Json) -> bool:
    """Whether ``tree`` is ``SHOW TABLES`` and nothing more."""
    shown = tree.get("from_table") or {}
    return shown.get("show_type") == "SHOW_SPECIAL" and _path(shown) == ('"tables"',)


def names(tree: object) -> Names:
    """The names that ``tree`` uses."""
    tables: set[tuple[str, ...]] = set()
    columns: set[str] = set()
    aliases: set[str] = set()
    every = False
    for node in nodes(tree):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            tables.add(_path(node))
            aliases.add(_path(node)[-1])
        elif kind == "COLUMN_REF":
            columns.update(part.lower() for part in node["column_names"])
        every = every or _takes_all(node)
        if kind != "COLUMN_REF" and "class" not in node and isinstance(node.get("alias"), str):
            aliases.add(node["alias"].lower())
        columns.update(name.lower() for name in node.get("using_columns") or ())
    whole_rows = {
        node["column_names"][-1].lower() for node in nodes(tree) if node.get("type") == "COLUMN_REF"
    }
    return Names(frozenset(tables), frozenset(columns), every or not aliases.isdisjoint(whole_rows))


def nodes(tree: object) -> Iterator[Json]:
    """Every object in a JSON tree, outermost first."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _takes_all(node: Json) -> bool:
    kind = node.get("type")
    return (
        kind in ("STAR", "POSITIONAL_REFERENCE", "PIVOT")
        or node.get("ref_type") == "NATURAL"
        or bool(node.get("column_name_alias"))
    )


def _defined(node: Json) -> Iterator[str]:
    """Names of the WITH tables that a query node defines."""
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield entry["key"].lower()
    if node.get("cte_name"):
        yield node["cte_name"].lower()


def _path(node: Json) -> tuple[str, ...]:
    return tuple(part.lower() for part in node["qualified_name"]["path"])


def _check_function(name: str) -> None:
    if name not in TABLE_FUNCTIONS:
        raise BadInput(f"{name}() is not allowed: a query reads the views of its runs and nothing else")


def _check_table(node: Json, views: frozenset[str], own: set[str], sql: str) -> None:
    path = _path(node)
    if len(path) == 1 and (path[0] in views or path[0] in own):
        return
    name = ".".join(path)
    near = get_close_matches(name, views, n=2)
    advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(views))}"
    place = _place(node, name, sql)
    where = f" ({place_text(*place)})" if place else ""
    message = f"no view {name!r}{where}; {advice}"
    raise BadInput(message) if place is None else BadQuery(message, *place)


def _place(node: Json, name: str, sql: str) -> tuple[int, int] | None:
    """Line and column of a node: at its location, or after it where a comment before the query was left out."""
    begin = node.get("query_location")
    text = sql.encode()
    at = text.lower().find(name.encode(), begin) if isinstance(begin, int) else -1
    if at < 0:
        return None
    before = text[:at].decode(errors="replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
