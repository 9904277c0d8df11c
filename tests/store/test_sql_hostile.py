"""Whatever is asked, the answer is rows or one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import PtbError
from store.sql.query import open_query

FRAGMENTS = r"""
SELECT * FROM files WHERE path LIKE '%x%' ; ( ) , " ' -- /* */ WITH a AS UNION ALL DESCRIBE SUMMARIZE SHOW TABLES
unnest([1]) range(3) PIVOT ON IN USING count(*) events e.seq COLUMNS('x') $1 ? NATURAL JOIN runs ORDER BY 1
LIMIT 3 :: INT NULL 1e999 0x '\x00' LATERAL VALUES (1) EXCLUDE (seq) DROP TABLE COPY TO INSTALL GROUP BY ALL
read_csv('/etc/passwd') '/etc/passwd' main. information_schema.tables lambda x: #1 {'a': 1}
"""
WORDS = st.sampled_from(FRAGMENTS.split())


def answered(sql: str) -> None:
    told = ""
    try:
        with open_query([]) as query:
            query.run(sql, limit=10).table()
    except PtbError as error:
        told = str(error)
    assert "\n" not in told


@given(st.lists(WORDS, max_size=12).map(" ".join))
@settings(max_examples=150)
def test_any_words_are_answered_or_refused(sql: str) -> None:
    answered(sql)


@given(st.text(max_size=40))
@settings(max_examples=50)
def test_any_text_is_refused_in_one_line(sql: str) -> None:
    answered(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '\udcff'",
        "SELECT 1\x00",
        "\x00",
        "SELECT " + "(" * 3000,
        "SELECT " + "1+" * 20000 + "1",
        "SELECT '" + "x" * 10**6 + "'",
    ],
    ids=["no UTF-8", "NUL at the end", "NUL", "deep", "long sum", "large text"],
)
def test_text_that_parsers_dislike(sql: str) -> None:
    answered(sql)
