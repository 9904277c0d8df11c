"""``ptb judge``: a language model's opinion on one finding at a time."""

import os
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from store.errors import BadInput
from store.findings import FindingState
from store.library import find_run

if TYPE_CHECKING:
    from review.judge.asking import Asked

_NO_ANSWER = 3


@click.command("judge", short_help="ask a model about a run's findings, one at a time")
@click.argument("run")
@click.option(
    "--endpoint",
    required=True,
    metavar="URL",
    help="A server of the OpenAI protocol, such as http://127.0.0.1:8000/v1.",
)
@click.option("--model", required=True, metavar="NAME", help="The model to ask there.")
@click.option("--finding", "wanted", metavar="ID", multiple=True, help="Only this finding. Repeatable.")
@click.option(
    "--key-env",
    metavar="NAME",
    default="OPENAI_API_KEY",
    show_default=True,
    help="The environment variable that holds the server's key, if it wants one.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="How long one answer may take.",
)
@json_option
def command(
    run: str,
    endpoint: str,
    model: str,
    wanted: tuple[str, ...],
    key_env: str,
    timeout_s: float,
    as_json: bool,
) -> int:
    """Ask MODEL about each finding of RUN that nobody decided on, with its evidence quoted.

    An answer that cites no evidence, or evidence that it was not shown, is rejected. What is kept stands beside the
    imported judges and decides nothing. The evidence is sent to the server. Exits with 3 when an answer was missing.
    """
    from review.judge.asking import ask_about
    from review.judge.endpoint import Endpoint
    from review.reviewed import read_reviewed

    entry = find_run(run)
    assert entry.manifest is not None
    server = Endpoint(endpoint, model, os.environ.get(key_env) or None, timeout_s)
    reviewed = read_reviewed(entry.folder, entry.manifest)
    for problem in reviewed.problems:
        note(f"{problem.path}: {problem.reason}")
    known = {one.finding.finding_id: one for one in reviewed.findings}
    for finding_id in wanted:
        if finding_id not in known:
            raise BadInput(
                f"{entry.run_id} has no finding {finding_id!r}: `ptb scan {entry.run_id}` lists them"
            )
    asked_about = [known[one] for one in wanted] or [
        one for one in reviewed.findings if one.state is FindingState.OPEN
    ]
    if not asked_about:
        note(f"{entry.run_id} has no open finding to ask about; `ptb scan {entry.run_id}` looks for some")
    answers = ask_about(reviewed, asked_about, server, _say_nothing if as_json else _tell)
    if as_json:
        print_json([_object(one) for one in answers])
    return _NO_ANSWER if any(one.opinion is None for one in answers) else 0


def _say_nothing(_: "Asked") -> None:
    """With --json everything is told at the end."""


def _tell(asked: "Asked") -> None:
    if asked.opinion is None:
        print_lines([f"{asked.finding_id} {asked.rule}: no usable answer: {asked.problem}"])
        return
    cited = ", ".join(f"#{seq}" for seq in asked.opinion.citations)
    print_lines(
        [
            f"{asked.finding_id} {asked.rule}: {asked.opinion.answer}, by {cited}",
            f"  {asked.opinion.rationale}",
        ]
    )


def _object(asked: "Asked") -> dict[str, Any]:
    return {
        "finding_id": asked.finding_id,
        "rule": asked.rule,
        "answer": asked.opinion.answer if asked.opinion else None,
        "citations": asked.opinion.citations if asked.opinion else [],
        "rationale": asked.opinion.rationale if asked.opinion else None,
        "problem": asked.problem,
        "verdict_id": asked.verdict_id,
    }
