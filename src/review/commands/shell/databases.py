"""What the shells of databases are told to take in, to keep and to show, statement by statement and table by table.

A table that rows are only compared with (``not in``, ``except``, an anti-join) gives nothing to the result.
"""

import re
import zlib
from collections.abc import Iterator

from review.commands.shell.archives import Packing
from review.commands.shell.simple import Simple

DATABASES = frozenset(
    {"sqlite3", "duckdb", "psql", "mysql", "clickhouse-local", "clickhouse", "datafusion-cli"}
)
_ASIDE = re.compile(
    r"(?is)\b(?:not\s+in|except(?:\s+all)?|not\s+exists|anti\s+join|left\s+(?:outer\s+)?join(?=.*\bis\s+null))\b"
    r"(?:\s*\([^()]*(?:\([^()]*\)[^()]*)*\)|\s+select\b[^;]*?(?=\)|;|$)|\s+[^\s()]+(?:\([^()]*\))?)?"
)
_LITERAL = re.compile(r"""['"]([^'"\n]*[./][^'"\n]*)['"]""")
_TABLE = re.compile(
    r"""(?i)\b(?:from|join)\s+["`]?([a-z_]\w*)["`]?(?!\s*[\w.(])|\bcopy\s+([a-z_]\w*)\s+to\b|\bfrom\s+["`]?([a-z_]\w*)["`]?"""
)
_MADE = re.compile(
    r"""(?i)\b(?:create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table|view)(?:\s+if\s+not\s+exists)?|insert\s+into|replace\s+into)"""
    r"""\s+["`]?(\w+)|\bcopy\s+(\w+)\s+from\b"""
)
_TARGET = re.compile(r"""(?i)\bto\s+['"]([^'"]+)['"]|\boutfile\s+['"]([^'"]+)['"]""")
_IMPORT = re.compile(r"""^\s*\.import\s+(?:--?\w+\s+)*["']?([^\s"']+)["']?\s+(\w+)""")
_OUTPUT = re.compile(r"""^\s*\.(?:output|once)\s+["']?([^\s"']+)""")
_FUNCTION = re.compile(r"\s*\(")
_MOST = 200


def database_use(simple: Simple) -> tuple[Packing, ...]:
    """What goes where; the last target None stands for what is shown."""
    words = [word for word in simple.operands if not _is_mode(word)]
    store = words.pop(0) if words and not re.search(r"\s|^\.", words[0]) else ""
    store = store or f"/dev/sql/{zlib.crc32(' '.join(simple.words).encode())}"
    found: list[Packing] = []
    output: str | None = None
    for statement in _statements([*words, simple.heredoc or ""]):
        if told := _IMPORT.match(statement):
            found.append(Packing((told[1],), f"{store}/{told[2]}"))
        elif told := _OUTPUT.match(statement):
            output = None if told[1] == "stdout" else told[1]
        elif not statement.startswith("."):
            found.append(_moved(statement, store, output))
    return tuple(found[:_MOST])


def _is_mode(word: str) -> bool:
    return word in ("json", "csv", "list", "tsv") or word.isdigit()


def _statements(texts: list[str]) -> Iterator[str]:
    for text in texts:
        for line in re.split(r";|\n(?=\s*\.)|(?<=\n)(?=\s*(?i:select|copy|create|insert|with)\b)", text):
            first, _, rest = line.strip().partition("\n")
            if first.startswith("."):
                yield first
                yield from _statements([rest])
            elif line.strip():
                yield line.strip()


def _moved(statement: str, store: str, output: str | None) -> Packing:
    target = next((one for found in _TARGET.finditer(statement) for one in found.groups() if one), output)
    made = _MADE.search(statement)
    kept = _ASIDE.sub(" ", statement)
    names = [name for name in _LITERAL.findall(kept) if name != target]
    tables = [name for found in _TABLE.finditer(kept) for name in found.groups()
              if name and name.lower() not in ("select", "lateral") and not _FUNCTION.match(kept, found.end())]  # fmt: skip
    if made is not None:
        target = f"{store}/{made[1] or made[2]}"
    sources = [*names, *(f"{store}/{name}" for name in tables if f"{store}/{name}" != target)]
    return Packing(tuple(dict.fromkeys(sources)), target)
