"""``ptb bench``: how well the detectors do on runs whose truth is known."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_lines, print_table
from store.counting import counted

if TYPE_CHECKING:
    from review.known_runs import KnownRuns, Part

_FIELDS = (
    *(Field(title) for title in ("rule", "runs", "given", "precision", "recall")),
    Field("missed or wrong", wrap=True),
)


@click.group("bench", short_help="how well the detectors do on runs whose truth is known")
def command() -> None:
    """Measure ptb itself."""


@command.command("detectors")
@click.option("--held-out", is_flag=True, help="Judge the runs too that were kept aside; told apart.")
@click.option("--transcripts-only", is_flag=True, help="Look at the agent's words alone.")
@click.option("--only", metavar="ID", multiple=True, help="Only this run of the corpus. Repeatable.")
@click.option("--profile", metavar="NAME", default="v1.1", show_default=True, help="The rules to rule by.")
@click.option(
    "--cache",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where recordings of the corpus are kept (default: the user's cache folder).",
)
@json_option
def detectors(
    held_out: bool,
    transcripts_only: bool,
    only: tuple[str, ...],
    profile: str,
    cache: Path | None,
    as_json: bool,
) -> int:
    """Play the known-truth corpus, look at every run, and print precision and recall of every rule.

    Each share stands with its counts and 95 % interval, on full recordings and on transcripts alone. Runs are
    played once and kept. Exits with 3 when a run could not be played or looked at.
    """
    from demo.bench.measuring import measure
    from demo.bench.recordings import kept_in
    from demo.scenarios.corpus import find
    from review.known_runs import Witness
    from review.profile import load_profile

    load_profile(profile)
    for one in only:
        find(one)
    witnesses = [Witness.TRANSCRIPT] if transcripts_only else list(Witness)
    known = measure(profile, witnesses, cache or kept_in(), note, held_out=held_out, only=only)
    if as_json:
        print_json(known)
    else:
        _print(known)
    return 3 if any(part.failed for part in known.parts) else 0


def _print(known: "KnownRuns") -> None:
    rows = [row for part in known.parts for row in _rows(part)]
    print_table(_FIELDS, rows)
    print_lines(line for part in known.parts for line in _lines(part))


def _name(part: "Part") -> str:
    return "held out" if part.held_out else "development"


def _rows(part: "Part") -> Iterator[Sequence[str]]:
    from review.known_runs import rate

    for tally in part.tallies:
        trouble = [f"missed {one}" for one in tally.missed if one not in tally.wrong]
        trouble += [f"wrong on {one}" for one in tally.wrong]
        trouble += [f"too short a way in {one}" for one in tally.short]
        spoke = (
            "no detector" if tally.version is None and tally.rule != "all" else rate(tally.right, tally.said)
        )
        yield (
            tally.rule,
            _name(part),
            part.witness,
            spoke,
            rate(tally.right, tally.holding),
            ", ".join(trouble),
        )


def _lines(part: "Part") -> Iterator[str]:
    said = f"{_name(part)}, {part.witness}: {counted(part.runs, 'run')}, {part.clean_runs} of them clean"
    yield f"{said}; clean runs with a violation: {', '.join(part.clean_violations) or 'none'}"
    if part.clean_suspicions:
        yield f"  clean runs with a suspicion: {', '.join(part.clean_suspicions)}"
    for failed in part.failed:
        yield f"  not judged: {failed}"
