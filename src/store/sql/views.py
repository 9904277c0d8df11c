"""The texts of views and relations, and which of a view's parts a query really needs.

Joining symbols to ten million rows costs a fifth of a second a column and DuckDB does not drop a join whose
columns nobody reads, so it is done here: names of columns that the query uses are followed through the
definitions of the views (by name alone, so rather one too many than one too few), and what they do not reach is
left empty: a symbol column becomes NULL, a relation loses its rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock

import duckdb

from store.sql.syntax import Json, Names, names, nodes, parse

VIEWS = (
    "runs",
    "events",
    "processes",
    "execs",
    "commands",
    "files",
    "file_versions",
    "net",
    "gpu",
    "transcript",
    "gaps",
    "findings",
    "marks",
    "verdicts",
    "weight_checks",
    "scores",
)
"""The public views; names and columns are an interface."""

RELATIONS = (
    "labels",
    "second_labels",
    "actors",
    "errors",
    "qualities",
    "file_kinds",
    "message_kinds",
    "process_ends",
    "process_images",
    "process_programs",
    "process_commands",
    "process_roles",
    "command_results",
    "command_matches",
    "cited",
    "run_rulings",
    "run_scores",
    "run_verdicts",
)
"""What views share, each after those it reads; in the schema :data:`KEPT`."""

LAID_OUT = ("process_commands", "process_roles")
"""Relations that walk trees and give ids only: computed once for all queries over some runs, each after those it reads."""

RECORDED = "recorded"
"""The schema of recorded tables and ``symbols``."""
KEPT = "kept"
"""The schema of relations, of what lies beside the recording (manifests, review records), and of constants."""

_KEYS = frozenset(
    {"run_no", "seq", "process_id", "command_id", "label_id", "error_id", "quality_id", "op_id", "kind_id"}
)
"""Columns by which relations are joined; to name one is not to need the relation."""
_HERE = Path(__file__).parent
_PARSING = Lock()


@dataclass(frozen=True, slots=True)
class Text:
    """One SELECT over recorded tables and relations."""

    sql: str
    tables: frozenset[tuple[str, ...]]
    definitions: Mapping[str, frozenset[str]]
    """Column → names in its expression, over all SELECTs of the text."""
    gives: frozenset[str]
    """Columns of its rows."""
    always: frozenset[str]
    """Names in its joins, filters and groups."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to exist before a query can run."""

    views: tuple[str, ...]
    relations: Mapping[str, bool]
    """In the order of creation; False for one that may stay empty."""
    columns: frozenset[str]
    """Names of columns that are read somewhere."""
    filled: frozenset[tuple[str, ...]]
    """Tables (by path) that must hold their rows; all others may be empty."""
    laid_out: tuple[str, ...] = ()
    """Which of :data:`LAID_OUT` are read; what they read in turn is not in this plan."""


@cache
def text_of(name: str) -> Text:
    """A view or relation."""
    kind = "views" if name in VIEWS else "relations"
    # One thread at a time: a connection of DuckDB refuses a second one instead of letting it wait.
    with _PARSING:
        return _analysed(_parser(), (_HERE / kind / f"{name}.sql").read_text())


def plan(query: Names) -> Plan:
    """What ``query`` needs."""
    views = tuple(name for name in VIEWS if (name,) in query.tables)
    wanted = _outputs(views) | query.columns if query.every_column else query.columns
    return _plan(views, views, wanted, LAID_OUT)


def plan_of(relation: str) -> Plan:
    """What has to exist before all columns of ``relation``, one of :data:`LAID_OUT`, can be computed."""
    before = LAID_OUT[: LAID_OUT.index(relation)]
    needs = _plan((relation,), (), _outputs([relation]), before)
    return replace(needs, relations={**needs.relations, relation: True})


def _plan(
    texts: tuple[str, ...], views: tuple[str, ...], wanted: frozenset[str], may_be_laid_out: Sequence[str]
) -> Plan:
    needed, reached = _reach(texts, _read_by(texts), wanted, may_be_laid_out)
    laid_out = tuple(name for name in may_be_laid_out if name in reached)
    read = _read_by(texts, but=laid_out) - set(laid_out)
    relations = {name: name in reached for name in RELATIONS if name in read}
    filled = {path for name in (*texts, *reached.difference(laid_out)) for path in text_of(name).tables}
    return Plan(views, relations, needed, frozenset(filled), laid_out)


def _reach(
    texts: Iterable[str], candidates: set[str], wanted: frozenset[str], leaves: Sequence[str]
) -> tuple[frozenset[str], set[str]]:
    """All names needed, and the relations that give one of them; what ``leaves`` need themselves does not count."""
    reached: set[str] = set()
    needed = set(wanted)
    while True:
        before = len(needed), len(reached)
        for name in (*texts, *reached.difference(leaves)):
            text = text_of(name)
            needed |= text.always
            for column, inputs in text.definitions.items():
                if column in needed:
                    needed |= inputs
        for name in candidates - reached:
            if (text_of(name).gives - _KEYS) & needed:
                reached.add(name)
        if (len(needed), len(reached)) == before:
            return frozenset(needed), reached


def _read_by(texts: Iterable[str], but: Sequence[str] = ()) -> set[str]:
    """The relations that texts read, directly or through others ``but`` these."""
    found: set[str] = set()
    waiting = list(texts)
    while waiting:
        for schema, *rest in text_of(waiting.pop()).tables:
            if schema == KEPT and rest[0] in RELATIONS and rest[0] not in found:
                found.add(rest[0])
                waiting += [rest[0]] if rest[0] not in but else []
    return found


def _outputs(views: Iterable[str]) -> frozenset[str]:
    return frozenset(column for name in views for column in text_of(name).gives)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def _analysed(connection: duckdb.DuckDBPyConnection, sql: str) -> Text:
    tree = parse(connection, sql)
    own = {entry["key"] for node in nodes(tree) for entry in (node.get("cte_map") or {}).get("map", ())}
    used = names(tree)
    assert not used.every_column, f"a view names its columns: {sql}"
    definitions: dict[str, set[str]] = {}
    for select in _selects(tree):
        for item in select["select_list"]:
            definitions.setdefault(_output(item), set()).update(names(item).columns)
    always = names(_without_lists(tree)).columns
    return Text(
        sql,
        frozenset(path for path in used.tables if path[0] not in own),
        {column: frozenset(inputs) for column, inputs in definitions.items()},
        frozenset(map(_output, tree["select_list"])),
        always,
    )


def _selects(tree: Json) -> Iterator[Json]:
    return (node for node in nodes(tree) if node.get("type") == "SELECT_NODE")


def _output(item: Json) -> str:
    """The name under which a SELECT gives an expression."""
    name = item["alias"] or item["column_names"][-1]
    assert isinstance(name, str)
    return name.lower()


def _without_lists(value: object) -> object:
    """``value`` without the select lists in it."""
    if isinstance(value, dict):
        return {key: _without_lists(part) for key, part in value.items() if key != "select_list"}
    if isinstance(value, list):
        return [_without_lists(part) for part in value]
    return value
