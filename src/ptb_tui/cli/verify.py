"""``ptb verify``: does what is on the disk agree with what was sealed, and were review records edited?

Exit code 0 says *consistent*: nobody who cannot also rewrite the chain changed anything. It says *authentic* only where
``--public-key`` shows who signed the head, and never *complete* (what was not recorded is in ``gaps``).
"""

from pathlib import Path

import click

from ptb_tui.cli.output import json_option, print_json, print_lines
from store.counting import counted
from store.library import find_run
from store.overlay import Review


@click.command("verify", short_help="check that a recording and its review records are unchanged")
@click.argument("run")
@click.option("--head", metavar="HASH", help="A chain head noted earlier, which must still be in the chain.")
@click.option(
    "--public-key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The .pub file of the key that must have signed the head (record --sign-key).",
)
@json_option
def command(run: str, head: str | None, public_key: Path | None, as_json: bool) -> int:
    """Check every sealed row, segment, blob, chain entry and review record of RUN.

    Exits with 0 when all agree (consistent) and with 1 when something is missing or was changed, naming where.
    """
    from store.verify import verify

    entry = find_run(run)
    report = verify(entry.folder, head, public_key)
    review = Review(entry.folder, report.run_id)
    problems = [(problem.where, problem.what) for problem in report.problems]
    problems += [(str(problem.path), problem.reason) for problem in review.problems()]
    if as_json:
        print_json(
            {
                "run_id": report.run_id,
                "consistent": not problems,
                "authentic": None if public_key is None else not problems,
                "signer": report.signer,
                "head": report.head,
                "recording_hash": report.recording_hash,
                "recording": report.recording,
                "rows": report.rows,
                "segments": report.segments,
                "entries": report.entries,
                "blobs": report.blobs,
                "problems": [{"where": where, "what": what} for where, what in problems],
            }
        )
        return 1 if problems else 0
    looked_at = ", ".join(
        (
            counted(report.rows, "row"),
            counted(report.segments, "segment"),
            counted(report.blobs, "blob"),
            counted(report.entries, "chain entry", "chain entries"),
        )
    )
    print_lines(f"{where}: {what}" for where, what in problems)
    if problems:
        print_lines([f"damaged: {counted(len(problems), 'problem')} in {looked_at}"])
        return 1
    answer = f"authentic, signed with {report.signer}" if report.signer else "consistent"
    print_lines([f"{answer}: {looked_at}", f"head {report.head}"])
    if report.recording:
        print_lines(
            ["still being recorded: only what was sealed so far was checked, verify again when it has ended"]
        )
    return 0
