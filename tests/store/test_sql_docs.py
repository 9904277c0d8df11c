"""docs/sql.md and the views say the same."""

import re
from pathlib import Path

from store.sql.query import open_query
from store.sql.syntax import TABLE_FUNCTIONS
from store.sql.views import VIEWS

DOCS = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
COLUMN = re.compile(r"^\| `(\w+)` \| ([\w\[\]]+) \| \S.* \|$", re.MULTILINE)


def test_every_view_and_column_is_documented_with_its_type() -> None:
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL))
    assert tuple(sections) == VIEWS
    with open_query([]) as query:
        for view, text in sections.items():
            described = query.run(f"DESCRIBE {view}").table().to_pylist()
            assert COLUMN.findall(text) == [(row["column_name"], row["column_type"]) for row in described], (
                view
            )


def test_the_table_functions_are_documented() -> None:
    assert all(name in DOCS for name in TABLE_FUNCTIONS)


def test_every_query_in_the_docs_runs() -> None:
    queries = re.findall(r'^ptb sql "(.*?)"', DOCS, re.MULTILINE)
    assert queries
    with open_query([]) as query:
        for sql in queries:
            query.run(sql).table()
