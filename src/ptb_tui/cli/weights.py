"""``ptb weights``: whose weights a model has."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import json_option, note, print_json, print_lines
from store.counting import counted
from store.library import find_run

if TYPE_CHECKING:
    from runner.weights.check import WeightCheck

SUBSTITUTED = 1
COULD_NOT_TELL = 3
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("weights", short_help="whose weights a model has: the base's, the instruct model's, others")
@click.argument("path", type=_FOLDER)
@click.option("--base", metavar="DIR", type=_FOLDER, required=True, help="The base model that was given.")
@click.option(
    "--instruct", metavar="DIR", type=_FOLDER, help="The maker's instruct model, where it is at hand."
)
@click.option("--run", metavar="RUN", help="Keep the answer in this run (the view weight_checks).")
@json_option
def command(path: Path, base: Path, instruct: Path | None, run: str | None, as_json: bool) -> int:
    """Compare the safetensors in PATH with a base model, and with its instruct sibling.

    Exits with 1 when the weights are not the base's own or tuned from them, with 3 when it cannot be told.
    """
    from runner.weights import Answer, check_weights
    from runner.weights.answer import SUBSTITUTED as NOT_THE_BASES
    from runner.weights.keep import keep_check

    entry = find_run(run) if run else None
    check = check_weights(path, base, instruct)
    report = check.report
    if entry and (beside := keep_check(entry.folder, entry.run_id, check)):
        note(f"{entry.folder} is read-only: the answer is kept in {beside}")
    if as_json:
        print_json(
            {**asdict(report), "architecture": check.architecture, "tokenizer": check.tokenizer, "path": path}
        )
    else:
        print_lines(_lines(check))
    if report.answer is Answer.CANNOT_TELL:
        return COULD_NOT_TELL
    return SUBSTITUTED if report.answer in NOT_THE_BASES else 0


def _lines(check: "WeightCheck") -> list[str]:
    report = check.report
    figures = [
        f"{name} {value:.3f}"
        for name, value in (
            ("alpha", report.alpha),
            ("cosine of the change with the instruct model's", report.cosine),
            ("cosine with the base", report.base_cosine),
            ("change relative to the base", report.change),
            ("share of low rank", report.rank_share),
        )
        if value is not None
    ]
    figures.append(f"{report.identical_tensors} of {counted(report.tensors, 'tensor')} identical")
    return [
        f"{report.answer}: {report.reason}",
        f"  {', '.join(figures)}",
        f"  architecture: {check.architecture}",
        f"  tokenizer: {check.tokenizer}",
    ]
