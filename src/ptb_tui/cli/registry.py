"""Every verb of `ptb` with its module and its line of help, so that ``ptb --help`` imports none of them.

A verb's module defines ``command``, a click command of the verb's name; what it returns is the exit code
(None is 0). A test imports them all and compares names and lines of help.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A subcommand that is not imported yet."""

    name: str
    module: str
    """Imported on first use; defines ``command``."""
    help: str
    """One line, without a full stop."""


VERBS: tuple[Verb, ...] = (
    Verb("demo", "ptb_tui.cli.demo", "record a short scripted agent here, scan it, open it"),
    Verb(
        "doctor", "ptb_tui.cli.doctor", "what this machine can capture, sandbox and score with, and why not"
    ),
    Verb(
        "run",
        "ptb_tui.cli.run",
        "run an agent on a task in a sandbox, recorded; check and score what it hands in",
    ),
    Verb("record", "ptb_tui.cli.record", "run a command and record it"),
    Verb("import", "ptb_tui.cli.import_run", "turn results of PostTrainBench into runs"),
    Verb("ls", "ptb_tui.cli.ls", "list the runs under $PTB_RUNS"),
    Verb("show", "ptb_tui.cli.show", "what a run is, what it lacks, and its state at a time"),
    Verb("tail", "ptb_tui.cli.tail", "follow a run while it is recorded"),
    Verb("verify", "ptb_tui.cli.verify", "check that a recording and its review records are unchanged"),
    Verb("open", "ptb_tui.cli.open_run", "look at runs in the terminal app"),
    Verb("serve", "ptb_tui.cli.serve", "the terminal app in a browser, on loopback"),
    Verb("scan", "ptb_tui.cli.scan", "run detectors, keep their findings, rule on them"),
    Verb("refs", "ptb_tui.cli.refs", "evaluation data to compare runs with"),
    Verb(
        "lineage",
        "ptb_tui.cli.lineage",
        "where a file came from and where it went; how final_model was made",
    ),
    Verb("flag", "ptb_tui.cli.flag", "add a finding, or accept or reject one"),
    Verb("verdict", "ptb_tui.cli.verdict", "decide on a run, or list the decisions on it"),
    Verb("review", "ptb_tui.cli.review", "many cases: order, assignments, agreement, export"),
    Verb("judge", "ptb_tui.cli.judge", "ask a model about a run's findings, one at a time"),
    Verb("score", "ptb_tui.cli.score", "evaluate the model that a run left"),
    Verb(
        "leaderboard",
        "ptb_tui.cli.leaderboard",
        "agents compared: reported, provisional and adjudicated scores",
    ),
    Verb(
        "weights",
        "ptb_tui.cli.weights",
        "whose weights a model has: the base's, the instruct model's, others",
    ),
    Verb("bench", "ptb_tui.cli.bench", "how well the detectors do on runs whose truth is known"),
    Verb("sql", "ptb_tui.cli.sql", "read-only SQL over one run or all"),
)
"""In the order in which ``ptb --help`` shows them: record, look, judge."""
