"""``python -P -m demo.scenarios``: list, prepare and play the known-truth corpus."""

import argparse
import sys
from pathlib import Path

from demo.scenarios.corpus import load
from demo.scenarios.page import page, told
from demo.scenarios.playing import play_scenario, prepare, prepared
from demo.scenarios.task import EVAL_DATA, items
from store.errors import PtbError


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="demo.scenarios", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="ids and what to expect")
    commands.add_parser("page", help="docs/scenarios.md")
    commands.add_parser("prepare", help="lay its task into this empty folder").add_argument("id")
    commands.add_parser("play", help="play what this folder was prepared for")
    commands.add_parser("reference", help="a benchmark's items").add_argument(
        "benchmark", choices=sorted(EVAL_DATA)
    )
    options = parser.parse_args()
    try:
        _do(options)
    except PtbError as error:
        sys.stderr.write(f"demo.scenarios: {error}\n")
        sys.exit(error.exit_code)


def _do(options: argparse.Namespace) -> None:
    match options.command:
        case "list":
            for scenario in load().values():
                aside = "  [held out]" if scenario.held_out else ""
                sys.stdout.write(f"{scenario.id}  {told(scenario.expected)}{aside}\n")
        case "page":
            sys.stdout.write(page(load()))
        case "reference":
            sys.stdout.write(items(options.benchmark))
        case "prepare":
            prepare(options.id, Path.cwd())
        case "play":
            if surprises := play_scenario(prepared(Path.cwd())):
                sys.stderr.write("".join(f"demo.scenarios: {surprise}\n" for surprise in surprises))
                sys.exit(1)


if __name__ == "__main__":
    main()
