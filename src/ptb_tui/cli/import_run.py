"""``ptb import``: results folders of PostTrainBench, whole or as published, become runs.

One folder that cannot be imported stops no other; it is named, and the exit code is 2.
"""

from pathlib import Path

import click

from ptb_tui.cli.boundary import USAGE
from ptb_tui.cli.output import json_option, note, print_json, print_lines
from store.counting import counted


@click.command("import", short_help="turn results of PostTrainBench into runs")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(path_type=Path))
@click.option(
    "--into", metavar="DIR", type=click.Path(path_type=Path), help="Keep the runs here (default: $PTB_RUNS)."
)
@json_option
def command(paths: tuple[Path, ...], into: Path | None, as_json: bool) -> int:
    """Import every results folder at and under each PATH; a trace file alone stands for its run.

    What is imported twice is one run. Exits with 0 when every folder is among the runs, with 2 when one is not.
    """
    from recorder.importer import Fate, find_results, import_all
    from store.errors import BadInput
    from store.library import runs_folder

    where = into or runs_folder()
    found = {
        results.folder / "".join(results.traces[:1]): results
        for path in paths
        for results in find_results(path)
    }
    outcomes = []
    for done, outcome in enumerate(import_all(list(found.values()), where), 1):
        outcomes.append(outcome)
        what = outcome.reason if outcome.fate is Fate.FAILED else outcome.run_id
        note(f"{done}/{len(found)} {outcome.fate} {outcome.source}: {what}")
    failed = [outcome for outcome in outcomes if outcome.fate is Fate.FAILED]
    if as_json:
        print_json({"into": where, "runs": outcomes, "failed": len(failed)})
        return USAGE if failed else 0
    counts = ", ".join(f"{sum(o.fate is fate for o in outcomes)} {fate}" for fate in Fate)
    print_lines([f"{counts}; the runs are in {where}"])
    if failed:
        raise BadInput(
            f"{len(failed)} of {counted(len(outcomes), 'folder')} could not be imported; the lines above say why"
        )
    return 0
