"""Rules that need nothing but SQL: one file a rule, a header in comments and one SELECT over the views of a run.

docs/rules.md says how to write one. Such a rule is a :class:`review.detector.Detector` like those in Python.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from review.coverage import Asked, covered
from review.detected import detected
from review.detector import RunView
from review.evidence import cite
from store.errors import BadInput, Cancelled, Damaged, PtbError
from store.findings import Certainty, Finding, Intent, Reach, RuleResult
from store.plain import clip

_HEADER = re.compile(r"^--\s?(?:(?P<key>[a-z-]+):)?\s*(?P<value>.*)$")
_REQUIRED = ("rule", "version", "title", "explanation", "needs", "looks-at")
_OPTIONAL = ("reach", "certainty", "intent", "wants")
_KEYS = frozenset({*_REQUIRED, *_OPTIONAL})
_ID = re.compile(r"[a-z][a-z0-9-]{2,60}")
_WITNESSES = frozenset({"kernel", "gpu", "transcript", "workspace"})
_VIEWS = frozenset(
    {"commands", "execs", "file_versions", "files", "gaps", "gpu", "net", "processes", "transcript"}
)
_COLUMNS = frozenset({"seq", "subject", "title", "explanation", "reach", "certainty", "intent", "fact"})
_MOST_FINDINGS = 100
_MOST_EVIDENCE = 12
"""Rows of one finding that are cited; the count of the others is told."""
_LINE = re.compile(r"\(line (\d+)")
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']|name (\w+) ")

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class SqlRule:
    """One rule file."""

    source: str
    """Where the file is, for messages."""
    rule: str
    version: str
    title: str
    explanation: str
    asked: Asked
    """What it needs and looks at."""
    sql: str
    """The whole file: DuckDB's line numbers are those of the file."""
    first_line: int
    """Of the statement."""
    reach: Reach = Reach.UNKNOWN
    certainty: Certainty = Certainty.POSSIBLE
    intent: Intent = Intent.UNKNOWN

    def look(self, run: RunView) -> RuleResult:
        """A finding for each subject among the rows that the statement gives.

        Raises :class:`BadInput` naming file, line and reason for a statement that does not run.
        """
        blind = self.asked.blind(run)
        findings = () if blind else self._findings(run)
        return RuleResult(
            self.rule, self.version, blind or covered(run, self.asked, found=bool(findings)), findings
        )

    def _findings(self, run: RunView) -> tuple[Finding, ...]:
        subjects: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self._rows(run):
            seq = row.get("seq")
            if not isinstance(seq, int):
                raise self._wrong(
                    "the column seq has no number: every row must name the recorded row that shows it"
                )
            subjects[str(row.get("subject") or seq)].append(row)
        return tuple(
            self._finding(run, subject, rows) for subject, rows in list(subjects.items())[:_MOST_FINDINGS]
        )

    def _rows(self, run: RunView) -> list[Mapping[str, Any]]:
        try:
            rows = run.query(self.sql)
            columns = [name for name, *_ in run.query(f"DESCRIBE {self.sql}")] if rows else []
        except (Cancelled, Damaged):
            raise
        except PtbError as error:
            raise self._wrong(str(error)) from None
        if unknown := set(columns) - _COLUMNS:
            raise self._wrong(
                f"no meaning for column {min(unknown)!r}: there are {', '.join(sorted(_COLUMNS))}"
            )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _finding(self, run: RunView, subject: str, rows: Sequence[Mapping[str, Any]]) -> Finding:
        first = rows[0]
        title = clip(str(first.get("title") or self.title), 200)
        more = f" ({len(rows)} rows, {_MOST_EVIDENCE} cited)" if len(rows) > _MOST_EVIDENCE else ""
        return detected(
            run,
            self,
            [subject],
            cite(run, [row["seq"] for row in rows[:_MOST_EVIDENCE]]),
            reach=self._word(Reach, first.get("reach"), self.reach),
            title=title,
            explanation=clip(str(first.get("explanation") or self.explanation), 600) + more,
            certainty=self._word(Certainty, first.get("certainty"), self.certainty),
            intent=self._word(Intent, first.get("intent"), self.intent),
            fact=str(first.get("fact") or ""),
        )

    def _word(self, kind: type[E], value: object, otherwise: E) -> E:
        if value is None:
            return otherwise
        try:
            return kind(str(value))
        except ValueError:
            words = ", ".join(kind)
            raise self._wrong(f"{kind.__name__.lower()} {str(value)!r} is none of {words}") from None

    def _wrong(self, reason: str) -> BadInput:
        return BadInput(f"{self.source}:{_line(self, reason)}: {reason}")


def read_rule(text: str, source: str) -> SqlRule:
    """The rule in ``text``; raises :class:`BadInput` with ``source``, line and reason for a header that is wrong."""
    header = _read_header(text, source)
    if not _ID.fullmatch(header.values["rule"]):
        raise header.wrong("rule", "use lower-case letters, digits and hyphens")
    if header.end > len(text.splitlines()):
        raise BadInput(f"{source}:{header.end}: no statement after the header")
    return SqlRule(
        source=source,
        rule=header.values["rule"],
        version=header.values["version"],
        title=header.values["title"],
        explanation=header.values["explanation"],
        asked=Asked(
            needs=header.listed("needs", _WITNESSES),
            wants=header.listed("wants", _WITNESSES),
            views=header.listed("looks-at", _VIEWS),
        ),
        sql=text,
        first_line=header.end,
        reach=header.word("reach", Reach, Reach.UNKNOWN),
        certainty=header.word("certainty", Certainty, Certainty.POSSIBLE),
        intent=header.word("intent", Intent, Intent.UNKNOWN),
    )


def rule_of_file(path: Path) -> SqlRule:
    """The rule in the file at ``path``; raises :class:`BadInput` naming it for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}:1: {error}") from None
    return read_rule(text, str(path))


def shipped_rule(name: str) -> SqlRule:
    """The rule file of that name among those that ship."""
    return read_rule(files("review").joinpath("rules", name).read_text(encoding="utf-8"), name)


@dataclass(frozen=True, slots=True)
class _Header:
    """The comments at the top of a rule file."""

    source: str
    values: Mapping[str, str]
    lines: Mapping[str, int]
    """Where each key stands."""
    end: int
    """The line at which the statement begins."""

    def wrong(self, key: str, reason: str) -> BadInput:
        return BadInput(f"{self.source}:{self.lines[key]}: {key}: {reason}")

    def listed(self, key: str, allowed: frozenset[str]) -> tuple[str, ...]:
        words = tuple(word.strip() for word in self.values.get(key, "").split(",") if word.strip())
        for word in words:
            if word not in allowed:
                raise self.wrong(key, f"{word!r} is none of {', '.join(sorted(allowed))}")
        return words

    def word(self, key: str, kind: type[E], otherwise: E) -> E:
        try:
            return kind(self.values.get(key, otherwise))
        except ValueError:
            raise self.wrong(key, f"{self.values[key]!r} is none of {', '.join(kind)}") from None


def _read_header(text: str, source: str) -> _Header:
    """A line without a key goes on with the one before."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    key, end = None, len(text.splitlines()) + 1
    for number, line in enumerate(text.splitlines(), 1):
        match = _HEADER.match(line)
        if match is None and line.strip():
            end = number
            break
        if match is None:
            continue
        key = match["key"] or key
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise BadInput(
                f"{source}:{number}: a header line is `-- key: value` with one of the keys {known}"
            )
        values[key] = f"{values.get(key, '')} {match['value']}".strip()
        lines.setdefault(key, number)
    for needed in _REQUIRED:
        if not values.get(needed):
            raise BadInput(f"{source}:1: the header has no {needed!r}: write `-- {needed}: …` at the top")
    return _Header(source, values, lines, end)


def _line(rule: SqlRule, reason: str) -> int:
    """Where in the file the reason is: as DuckDB says, else where the word stands that it quotes."""
    if match := _LINE.search(reason):
        return int(match[1])
    for quoted in _QUOTED.finditer(reason):
        for number, line in enumerate(rule.sql.splitlines(), 1):
            if number >= rule.first_line and (quoted[1] or quoted[2]) in line:
                return number
    return rule.first_line
