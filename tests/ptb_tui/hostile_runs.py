"""Runs in which every text that an agent, an importer or a reviewer could have written is hostile, drawn from a seed."""

from pathlib import Path
from random import Random

from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Decision,
    Evidence,
    Finding,
    FindingState,
    LineageStep,
    Origin,
    Reach,
    RuleResult,
    Ruling,
    Scan,
    Severity,
    add_decision,
    add_scan,
    finding_id,
)
from store.manifest import Facts, SourceInfo
from store.marks import Mark, add_mark
from store.overlay import Review
from store.rows import (
    Command,
    CommandEnd,
    CommandLink,
    Connection,
    Exec,
    FileAccess,
    FileVersion,
    Gap,
    GpuSample,
    Message,
    ProcessExit,
    ProcessStart,
    Source,
)
from store.scores import Isolation, ScoreAttempt, ScoreStatus, add_score
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, add_verdict
from store.weight_checks import WeightCheckRecord, add_weight_check
from store.writer import RunWriter
from tests.ptb_tui.story import START, at

CONTROLS = tuple(chr(c) for c in (*range(0x20), 0x7F, *range(0x80, 0xA0)))
SEQUENCES = (
    "\x1b[2J",
    "\x1b[31;1H",
    "\x9b31m",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;owned\x1b\\",
    "\x9d52;c;eA==\x9c",
    "\x1bP1$r0m\x1b\\",
    "\x90q#0\x9c",
    "\x1b_Gf=100;AAAA\x1b\\",
    "\x9fpayload\x9c",
    "\x1b^secret\x1b\\",
    "\x1bc",
    "\x1b(0",
    "\x0e",
    "\x1b[?1049l",
    "\x1b[6n",
)
"""CSI, OSC, DCS, APC, PM, reset, character sets, the other screen, a question that the terminal answers as if typed."""
BIDI = tuple("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MARKUP = (
    "[bold]",
    "[/]",
    "[/bold]",
    "[@click=app.exit]go[/]",
    "[@click='app.bell']x[/]",
    "[link=file:///etc/passwd]y[/link]",
    "[red on blue",
    "\\[",
    "[[",
    "{0}",
    "$accent",
    ":smile:",
)
WIDE = ("宽", "ひらがな", "한국어", "＝", "🎉", "🏁", "　")
WITHOUT_WIDTH = (
    "\u200b",
    "\u200c",
    "\u2060",
    "\u2064",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u180e",
    "\U000e0041",
    "\ufe00",
)
COMBINING = ("e\u0301", "\u0301", "Z\u0351\u036f\u0489", "\u0e01\u0e49", "\u20dd", "क्षि", "ﷺ")
EMOJI = ("👩‍👩‍👧", "❤️", "🇩🇪", "👍🏽", "🏴‍☠️", "1️⃣", "\u200d", "a\u200db\u200dc")
SURROGATES = ("\ud800", "\udfff", "\udc80\udcff", "caf\\xe9", "\\x1b[2J")
"""What Python makes of a name that is no UTF-8, and what the recorder makes of it."""
LINES = ("\r", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")
WORDS = (
    "train.jsonl",
    "/home/agent/task",
    "python",
    "'",
    '"',
    "$(id)",
    "`",
    "&&",
    "x" * 300,
    " ",
    "├──",
    "│",
    "a b c",
)
KINDS = (
    CONTROLS,
    SEQUENCES,
    BIDI,
    MARKUP,
    WIDE,
    WITHOUT_WIDTH,
    COMBINING,
    EMOJI,
    LINES,
    FORMULAS,
    WORDS,
    WORDS,
)
MILLION = 1_000_000


class Hostile:
    """Draws texts; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def text(self, most: int = 12) -> str:
        """A few pieces of several kinds, one after the other."""
        random = self._random
        return "".join(random.choice(random.choice(KINDS)) for _ in range(random.randint(1, most)))

    def lines(self) -> str:
        """Many lines, some of them long."""
        return self._random.choice(("\n", "\r\n", "\u2028\n")).join(
            self.text(self._random.choice((1, 5, 60))) for _ in range(self._random.randint(1, 40))
        )

    def huge(self) -> str:
        """One line of a million characters."""
        piece = self.text().replace("\n", "") or "x"
        return (piece * (MILLION // len(piece) + 1))[:MILLION]

    def path(self) -> str:
        """An absolute path of hostile names; some look like source code, which is coloured."""
        names = (self.text(4).replace("/", "_") for _ in range(self._random.randint(1, 4)))
        ending = self._random.choice((".py", ".jsonl", ".sh", ".md", "", ".json"))
        return "/home/agent/task/" + "/".join(names) + ending

    def broken(self) -> str:
        """What is no valid Unicode at all."""
        return self.text(3) + self._random.choice(SURROGATES) + self.text(3)


def make_hostile_run(folder: Path, seed: int, *, benchmark: str = "healthbench") -> Path:
    """A closed, scanned, judged and scored run with every kind of row, in which nothing can be trusted.

    Of a ``benchmark`` that the catalog knows it can be scored.
    """
    say = Hostile(seed)
    run_id = folder.name
    facts = Facts(
        agent=say.text(),
        agent_model=say.text(),
        benchmark=benchmark,
        base_model=say.text(),
        command=say.text(),
        root="/home/agent/task",
        reported_score=0.4,
    )
    with RunWriter.create(folder, run_id, started_at=START, facts=facts) as run:
        run.set_sources(
            [
                SourceInfo("kernel", "ebpf", "ended", say.text()),
                SourceInfo(say.text(), say.text(), "unavailable", say.text()),
            ]
        )
        evidence = put_every_kind(run, say)
        run.close(ended_at=START + 10**12, exit_status=say.text())
    put_review(Review(folder, run_id), run_id, say, evidence)
    return folder


def put_every_kind(run: RunWriter, say: Hostile) -> list[int]:
    """At least one row of each table; returns the seqs that findings rest on."""
    said, seen = Source.TRANSCRIPT, Source.WORKSPACE
    put, path = run.put, say.path()
    put(at(0), ProcessStart(1, 100, exe=say.path(), argv=say.text(), cwd=say.path()))
    put(at(1, said), Message("assistant", "message", say.lines(), tool=say.text(), tool_call_id=say.text()))
    put(at(2, said), Message("assistant", "thought", say.huge()))
    put(at(3, said), Message(say.text(2), "raw", say.lines(), parent_call_id=say.text()))
    put(at(4, said), Command(1, say.lines(), cwd=say.path(), tool=say.text(), tool_call_id=say.text()))
    put(at(4.1), ProcessStart(2, 101, parent_id=1, ppid=100, exe=say.path(), argv=say.text()))
    ran = put(at(4.2), Exec(2, 101, say.path(), say.text(20), cwd=say.path(), env_hash=say.text()))
    put(at(4.3), CommandLink(1, 2, "exact"))
    put(at(5, said), CommandEnd(1, 3, say.huge()))
    put(at(5.1, said), Command(2, say.huge(), tool=say.text()))
    put(at(5.2, said), CommandEnd(2, None, say.lines()))
    put(at(6), Exec(2, 101, say.path(), say.huge(), error=say.text(), truncated=True))
    read = put(at(7), FileAccess(2, 101, "open", path, bytes_read=10, via=say.text()))
    put(at(8), FileAccess(2, 101, "rename", say.path(), path2=say.path(), error=say.text()))
    wrote = put(
        at(9, seen), FileVersion(path, say.text(), 9, "whole", text=say.lines(), process_id=2, pid=101)
    )
    put(
        at(10, seen),
        FileVersion(path, say.text(), 9, "ends", text=say.lines() + say.huge(), reason=say.text()),
    )
    put(at(11, seen), FileVersion(say.path(), say.text(), 9, "none", blob=say.text(), reason=say.text()))
    put(at(12), Connection(2, 101, say.text(), 443, say.text(), 1, 2, error=say.text()))
    put(
        at(13, Source.GPU),
        GpuSample(0, 50.0, 1.0, 2.0, 3.0, throttle=say.text(), processes=say.text(), xid=say.text()),
    )
    put(at(14), Gap(say.text(), say.lines(), START, START + 10**9, 3))
    put(at(15, said), Message("assistant", "message", say.broken(), tool=say.broken()))
    put(at(15.1), Exec(2, 101, say.broken(), say.broken()))
    put(at(15.2), FileAccess(2, 101, "open", "/" + say.broken(), bytes_written=1))
    put(at(16), ProcessExit(2, 101, 1))
    return [read, wrote, ran]


def put_review(review: Review, run_id: str, say: Hostile, evidence: list[int]) -> None:
    """What detectors, reviewers, judges and scorings said of it."""
    read, wrote, ran = evidence
    rules = ("hardcoded-items", "eval-guided-data", "say-do-mismatch")
    severities = (Severity.VIOLATION, Severity.SUSPICIOUS, Severity.NOTE)
    found = [
        Finding(
            run_id=run_id,
            finding_id=finding_id(run_id, rule, (str(seq),)),
            rule=rule,
            rule_version="1",
            origin=Origin.DETECTOR,
            reach=Reach.ANCESTOR,
            title=say.text(),
            explanation=say.lines(),
            ts=START,
            evidence=tuple(Evidence(one, say.text(2), say.text()) for one in evidence),
            lineage=(say.text(), say.text()),
            steps=(
                LineageStep(read, "read", say.path(), Certainty.CERTAIN),
                LineageStep(ran, "exec", say.text(), Certainty.LIKELY),
                LineageStep(wrote, "version", say.path(), Certainty.POSSIBLE),
                LineageStep(None, "file", say.path(), Certainty.POSSIBLE),
            ),
        )
        for rule, seq in zip(rules, evidence, strict=True)
    ]
    covered = Coverage(CoverageState.PARTIAL, say.text(), say.text(), say.text())
    results = [RuleResult(one.rule, "1", covered, (one,)) for one in found]
    results.append(
        RuleResult("api-misuse", "1", Coverage(CoverageState.COULD_NOT_LOOK, "", say.text(), say.text()))
    )
    rulings = tuple(Ruling(one.finding_id, severity) for one, severity in zip(found, severities, strict=True))
    add_scan(review, Scan(run_id, START, None, "v1.1", "0" * 64, tuple(results), rulings))
    add_mark(review, Mark(run_id, START, read, say.text(), say.lines(), START))
    add_decision(
        review,
        Decision(run_id, found[1].finding_id, START, say.text(), FindingState.ACCEPTED, say.lines()),
    )
    add_verdict(
        review,
        Verdict(
            run_id,
            "one",
            START,
            say.text(),
            ReviewerKind.IMPORTED,
            data=Answer.VIOLATION,
            score_action=ScoreAction.HOLD,
            rationale=say.lines(),
            profile=say.text(2),
        ),
    )
    add_score(
        review,
        ScoreAttempt(
            run_id,
            "attempt",
            START,
            START + 10**9,
            say.text(),
            say.text(2),
            ScoreStatus.FAILED,
            say.text(2),
            Isolation.CONTAINER,
            device=say.text(),
            image=say.text(),
            reason=say.lines(),
        ),
    )
    add_weight_check(
        review, WeightCheckRecord(run_id, "check", START, say.text(), say.text(), None, None, 0, None)
    )
