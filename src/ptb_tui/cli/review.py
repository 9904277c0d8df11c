"""``ptb review``: work on many cases: who looks at what, how far reviewers agree, what the authors get."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_lines, print_table
from ptb_tui.cli.reviewer import note_where, reviewer_option
from store.counting import counted
from store.errors import BadInput
from store.library import find_run, find_runs, list_runs
from store.verdicts import AXES, Answer, ScoreAction, add_verdict

if TYPE_CHECKING:
    from review.reviewed import Reviewed

runs_argument: Callable[[Any], Any] = click.argument("runs", metavar="[RUN]...", nargs=-1)
seed_option: Callable[[Any], Any] = click.option(
    "--seed", type=int, default=0, show_default=True, help="Makes the draw repeatable."
)


@click.group("review", short_help="many cases: order, assignments, agreement, export")
def command() -> None:
    """Work on many cases; RUNs default to all under $PTB_RUNS."""


@command.command("queue", short_help="undecided cases, those first where a decision matters most")
@runs_argument
@json_option
def queue_command(runs: tuple[str, ...], as_json: bool) -> None:
    """Undecided runs by score impact × uncertainty: what the decision moves on the leaderboard, and how open it is."""
    from ptb_tui.state.stakes import stake_of

    read = _read(runs)
    staked = [(run, stake_of(run)) for run in read]
    waiting = sorted(
        ((run, stake) for run, stake in staked if not stake.decided),
        key=lambda pair: (-(pair[1].worth or 0.0), pair[0].manifest.run_id),
    )
    if as_json:
        print_json(
            [
                {
                    "run_id": run.manifest.run_id,
                    "worth": stake.worth,
                    "impact": stake.impact,
                    "uncertainty": stake.uncertainty,
                    "score": stake.score,
                    "base_score": stake.base,
                }
                for run, stake in waiting
            ]
        )
        return
    fields = [
        Field("run"),
        Field("worth", right=True),
        Field("impact", right=True),
        Field("open", right=True),
    ]
    print_table(
        fields,
        (
            (
                run.manifest.run_id,
                None if stake.worth is None else f"{stake.worth:.5f}",
                None if stake.impact is None else f"{stake.impact:.5f}",
                f"{stake.uncertainty:.2f}",
            )
            for run, stake in waiting
        ),
    )
    if not waiting:
        note("every case is decided" if read else "there are no runs: ptb import or ptb record makes some")


@command.command("audit", short_help="a random sample of the cases that detectors call clear")
@runs_argument
@click.option("--size", type=click.IntRange(min=1), default=10, show_default=True, help="How many to draw.")
@seed_option
@click.option("--assign", "reviewer", metavar="NAME", help="Give the sample to this reviewer.")
@json_option
def audit_command(runs: tuple[str, ...], size: int, seed: int, reviewer: str | None, as_json: bool) -> None:
    """Draw runs without violation or suspicion that nobody decided on, so that people find what detectors miss."""
    from review.batch.assignment import assign
    from review.batch.audit import audit_sample

    audit = audit_sample(_read(runs), size, seed)
    for run in audit.sample:
        if reviewer is not None:
            assign(run, reviewer, blind=False, why="audit")
    if as_json:
        print_json(
            {
                "clear": audit.clear,
                "sample": [run.manifest.run_id for run in audit.sample],
                "misses_below": audit.misses_below,
            }
        )
        return
    print_lines(run.manifest.run_id for run in audit.sample)
    if audit.misses_below is None:
        note("no run is clear and undecided; `ptb scan --all` looks at those that nobody looked at")
    else:
        note(
            f"{len(audit.sample)} of {counted(audit.clear, 'clear run')}: if all of these turn out clean, at most "
            f"{audit.misses_below:.0%} of the clear ones are not (95 %)"
        )


@command.command("assign", short_help="deal cases to reviewers, a share of them twice and blind")
@runs_argument
@click.option("--reviewer", "reviewers", metavar="NAME", multiple=True, required=True, help="Repeatable.")
@click.option(
    "--second",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="The share of runs that a second reviewer gets too, blind.",
)
@seed_option
@json_option
def assign_command(
    runs: tuple[str, ...], reviewers: tuple[str, ...], second: float, seed: int, as_json: bool
) -> None:
    """Give every undecided run to a reviewer, evenly. Second reviewers do not see verdicts before their own."""
    from review.batch.assignment import assign, deal

    undecided = [run for run in _read(runs) if run.outcome is None or run.outcome.disputed]
    made = [
        {"run_id": run.manifest.run_id, "reviewer": name, "why": why, "blind": why == "second"}
        for run, name, why in deal(undecided, reviewers, second=second, seed=seed)
        if assign(run, name, blind=why == "second", why=why) is not None
    ]
    if as_json:
        print_json(made)
        return
    print_table(
        [Field("run"), Field("reviewer"), Field("why")],
        ((one["run_id"], one["reviewer"], one["why"]) for one in made),
    )
    if not made:
        note("nothing new to assign: every undecided run is with these reviewers already")


@command.command("mine", short_help="the cases that wait for a reviewer")
@runs_argument
@reviewer_option
@json_option
def mine_command(runs: tuple[str, ...], reviewer: str, as_json: bool) -> None:
    """The runs that were assigned to a reviewer who has not decided on them yet."""
    from review.batch.assignment import waiting

    found = waiting(_read(runs), reviewer)
    if as_json:
        print_json(
            [{"run_id": run.manifest.run_id, "why": one.why, "blind": one.blind} for run, one in found]
        )
        return
    print_table(
        [Field("run"), Field("why"), Field("blind")],
        ((run.manifest.run_id, one.why, "blind" if one.blind else "") for run, one in found),
    )
    if not found:
        note(f"nothing waits for {reviewer}")


@command.command("agreement", short_help="how far reviewers agree beyond chance")
@runs_argument
@json_option
def agreement_command(runs: tuple[str, ...], as_json: bool) -> None:
    """Krippendorff's alpha of people's verdicts, by axis and overall: 1 always agreed, 0 as if by chance."""
    from review.batch.agreement import agreement

    read = _read(runs)
    told = agreement(
        {run.manifest.run_id: run.verdicts for run in read},
        {run.manifest.run_id: run.manifest.recording_hash for run in read},
    )
    if as_json:
        print_json(told)
        return
    fields = [Field("axis"), *(Field(name, right=True) for name in ("alpha", "runs", "answers", "differing"))]
    print_table(
        fields,
        (
            (one.axis, "—" if one.alpha is None else f"{one.alpha:.3f}", one.runs, one.answers, one.differing)
            for one in told
        ),
    )
    if not any(one.runs for one in told):
        note("no run has two people's verdicts: `ptb review assign --second` asks for some")


@command.command("reconcile", short_help="settle what reviewers disagree on")
@click.argument("run")
@click.option(
    "--answer",
    "answers",
    metavar="AXIS=ANSWER",
    multiple=True,
    help="What they agreed on for an axis they differed on. Repeatable.",
)
@click.option(
    "--score-action", type=click.Choice([action.value for action in ScoreAction]), help="What they agreed on."
)
@click.option("--rationale", default="", help="How they settled it; needed to settle.")
@reviewer_option
@json_option
def reconcile_command(
    run: str,
    answers: tuple[str, ...],
    score_action: str | None,
    rationale: str,
    reviewer: str,
    as_json: bool,
) -> int:
    """Show where people differ on RUN; with --rationale, keep what they settled as the verdict that counts.

    Axes on which they agree are taken over. Exits with 1 while the case is disputed.
    """
    from review.batch.reconcile import reconcile, side_by_side

    read = _one(run)
    if rationale.strip():
        made = reconcile(
            read,
            {axis: Answer(value) for axis, value in map(_axis, answers)},
            ScoreAction(score_action) if score_action else None,
            rationale,
            reviewer,
        )
        note_where(read.review, add_verdict(read.review, made))
        read = _one(run)
    elif answers or score_action:
        raise click.UsageError("to settle a case needs its reason: --rationale")
    table = side_by_side(read)
    disputed = read.outcome is not None and read.outcome.disputed
    if as_json:
        print_json({"run_id": read.manifest.run_id, "disputed": disputed, "axes": table})
    else:
        names = list(dict.fromkeys(name for given in table.values() for name in given))
        print_table(
            [Field("axis"), *(Field(name) for name in names)],
            ((axis, *(given.get(name) for name in names)) for axis, given in table.items()),
        )
        print_lines(
            ["disputed: settle it with --answer, --score-action and --rationale" if disputed else "settled"]
        )
    return 1 if disputed else 0


@command.command("same", short_help="files of a run that other runs wrote too")
@click.argument("run")
@click.argument("others", metavar="[OTHER]...", nargs=-1)
@json_option
def same_command(run: str, others: tuple[str, ...], as_json: bool) -> None:
    """Contents that RUN wrote and other runs wrote too: the same script in six other runs."""
    from review.batch.same_script import same_scripts

    entry = find_run(run)
    entries = find_runs(others) if others else [one for one in list_runs() if one.manifest is not None]
    shared = same_scripts(
        entry.folder, [one.folder for one in entries if one.folder.resolve() != entry.folder.resolve()]
    )
    if as_json:
        print_json(shared)
        return
    print_table(
        [Field("file"), Field("bytes", right=True), Field("other runs", right=True), Field("first of them")],
        ((one.here.path, one.size, len(one.elsewhere), one.elsewhere[0].run_id) for one in shared),
    )
    if not shared:
        note(f"nothing that {entry.run_id} wrote stands in another run")


@command.command("export", short_help="what the benchmark's authors consume")
@runs_argument
@click.option(
    "--ptb", "for_ptb", is_flag=True, help="In the formats of PostTrainBench; the only ones so far."
)
@click.option(
    "--into",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="An empty or new folder (default: ptb-review-TIME here).",
)
@json_option
def export_command(runs: tuple[str, ...], for_ptb: bool, into: Path | None, as_json: bool) -> None:
    """Write contamination_METHOD.csv, a patch for judge_result.json, before and after, and a sheet a case.

    Nothing that was imported is edited: the patch is for the authors to apply.
    """
    from review.export.bundle import write_bundle

    if not for_ptb:
        raise click.UsageError("say for whom: --ptb writes PostTrainBench's own formats")
    folder = into or Path(time.strftime("ptb-review-%Y%m%dT%H%M%S", time.gmtime()))
    bundle = write_bundle(_read(runs), folder)
    for line in bundle.notes:
        note(line)
    if as_json:
        print_json(
            {
                "folder": bundle.folder,
                "files": [path.relative_to(bundle.folder) for path in bundle.files],
                "changed": bundle.changed,
                "sheets": bundle.sheets,
                "notes": bundle.notes,
            }
        )
        return
    print_lines(str(path) for path in bundle.files)
    print_lines(
        [
            f"{counted(bundle.changed, 'case differs', 'cases differ')} from what the judges said, {counted(bundle.sheets, 'has', 'have')} a sheet"
        ]
    )


def _read(names: Sequence[str]) -> "list[Reviewed]":
    """The review records of these runs, of all where none is named; runs without a manifest are told of."""
    from review.reviewed import read_reviewed

    entries = find_runs(names) if names else list_runs()
    read = []
    for entry in entries:
        if entry.manifest is None:
            note(f"{entry.folder} is left out: {entry.error}")
            continue
        reviewed = read_reviewed(entry.folder, entry.manifest)
        for problem in reviewed.problems:
            note(f"{problem.path}: {problem.reason}")
        read.append(reviewed)
    return read


def _one(name: str) -> "Reviewed":
    return _read([name])[0]


def _axis(text: str) -> tuple[str, str]:
    axis, _, value = text.partition("=")
    if axis not in AXES or value not in tuple(Answer):
        raise BadInput(
            f"{text!r} is no answer on an axis: give one of {', '.join(AXES)} and = and {', '.join(Answer)}"
        )
    return axis, value
