"""Connections that have what a query needs, kept for the next query that needs the same.

All share one DuckDB, so that the strings of the runs are laid out once: a whole scan asks fifty queries, and a DuckDB
with strings of its own for each took 60 ms, twice as long as most answers. Each connection has a catalog of its own
with nothing but the views of one plan, may open nothing but the runs' segments, and cannot change its settings.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence

import duckdb

from store.schema import ROW_TYPES, STRINGS, symbol_columns
from store.sql.beside import SCHEMAS, Beside
from store.sql.connection import confine, connect
from store.sql.recorded import (
    SYMBOLS,
    NumberedRun,
    create_symbols,
    create_table,
    segment_files,
    symbol_type,
)
from store.sql.views import KEPT, RECORDED, Plan, plan_of, text_of

KEPT_PLANS = 64
"""So many connections stay; each holds the texts of views, and no row that was recorded."""


class Prepared:
    """The connections of one set of runs; for one thread at a time."""

    def __init__(self, runs: Sequence[NumberedRun], beside: Beside) -> None:
        self._runs = tuple(runs)
        self._beside = beside
        self._database: duckdb.DuckDBPyConnection | None = None
        self._strings: str | None = None
        self._relations: dict[str, str] = {}
        self._made = 0
        self._plans: OrderedDict[Hashable, tuple[str, duckdb.DuckDBPyConnection]] = OrderedDict()

    def parser(self) -> duckdb.DuckDBPyConnection:
        """A connection that has no view."""
        if self._database is None:
            database = connect()
            # All segments at once: what may be opened cannot be changed any more.
            tables = (STRINGS, *ROW_TYPES)
            confine(database, [path for table in tables for _, path in segment_files(self._runs, table)])
            self._database = database
        return self._database

    def connection(self, needs: Plan) -> duckdb.DuckDBPyConnection:
        """One that has what ``needs`` names, and what lies beside the runs as it is now."""
        key = (needs.views, tuple(needs.relations.items()), needs.columns, needs.filled, needs.laid_out)
        if key in self._plans:
            self._plans.move_to_end(key)
            self._lay_beside(self._plans[key][1], needs)
        else:
            self._plans[key] = self._new(needs)
            if len(self._plans) > KEPT_PLANS:
                self._drop(*self._plans.popitem(last=False)[1])
        return self._plans[key][1]

    def close(self) -> None:
        """Let go of all of them."""
        for _, connection in self._plans.values():
            connection.close()
        self._plans.clear()
        if self._database is not None:
            self._database.close()
        self._database = self._strings = None
        self._relations.clear()

    def _new(self, needs: Plan) -> tuple[str, duckdb.DuckDBPyConnection]:
        connection = self.parser().cursor()
        self._made += 1
        catalog = f"plan_{self._made}"
        try:
            connection.execute(f"ATTACH ':memory:' AS {catalog}; USE {catalog}")
            connection.execute(f"CREATE SCHEMA {RECORDED}; CREATE SCHEMA {KEPT}")
            self._create(connection, needs)
        except BaseException:
            self._drop(catalog, connection)
            raise
        return catalog, connection

    def _drop(self, catalog: str, connection: duckdb.DuckDBPyConnection) -> None:
        connection.close()
        self.parser().execute(f"DETACH DATABASE IF EXISTS {catalog}")

    def _create(self, connection: duckdb.DuckDBPyConnection, needs: Plan) -> None:
        read = _read(needs)
        filled = {name for schema, name in needs.filled if schema == RECORDED}
        tables = filled - {SYMBOLS}
        named = SYMBOLS in filled or any(
            needs.columns.intersection(symbol_columns(table)) for table in tables
        )
        strings = (
            self._symbols()
            if named
            else f"(SELECT NULL::{symbol_type(self._runs)} AS id, '' AS value LIMIT 0)"
        )
        connection.execute(f"CREATE VIEW {RECORDED}.{SYMBOLS} AS FROM {strings}")
        for table in sorted(name for schema, name in read if schema == RECORDED and name != SYMBOLS):
            create_table(connection, self._runs, table, needs.columns, filled=table in filled)
        self._lay_beside(connection, needs)
        for name in _beside(needs):
            connection.execute(f"CREATE VIEW {KEPT}.{name} AS FROM beside_{name}")
        for name in needs.laid_out:
            connection.execute(f"CREATE VIEW {KEPT}.{name} AS FROM {self._laid_out(name)}")
        for name, used in needs.relations.items():
            inner = text_of(name).sql
            body = inner if used else f"FROM (\n{inner}) WHERE false"
            connection.execute(f"CREATE VIEW {KEPT}.{name} AS {body}")
        for name in needs.views:
            connection.execute(f"CREATE VIEW {name} AS {text_of(name).sql}")

    def _symbols(self) -> str:
        """The table with the strings of all runs, made when the first query needs one."""
        if self._strings is None:
            self._strings = create_symbols(self.parser(), self._runs)
        return self._strings

    def _laid_out(self, relation: str) -> str:
        """The table with a relation's rows."""
        if relation not in self._relations:
            connection = self.connection(plan_of(relation))
            table = f"memory.main.{relation}"
            connection.execute(f"CREATE TABLE {table} AS FROM {KEPT}.{relation}")
            self._relations[relation] = table
        return self._relations[relation]

    def _lay_beside(self, connection: duckdb.DuckDBPyConnection, needs: Plan) -> None:
        for name in _beside(needs):
            filled = (KEPT, name) in needs.filled
            rows = self._beside.table(name) if filled else SCHEMAS[name].empty_table()
            connection.register(f"beside_{name}", rows)


def _read(needs: Plan) -> set[tuple[str, ...]]:
    """What the views and relations of a plan read, by path."""
    return {path for name in (*needs.views, *needs.relations) for path in text_of(name).tables}


def _beside(needs: Plan) -> list[str]:
    return sorted(name for schema, name in _read(needs) if schema == KEPT and name in SCHEMAS)
