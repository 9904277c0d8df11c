"""Runs one benchmark and writes its figures."""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

import orjson

from benchmarks.figures import Setting

NAMES = (
    "ingest",
    "query",
    "search",
    "open",
    "keys",
    "replay",
    "capture",
    "fanotify",
    "soak",
    "detectors",
    "lineage",
    "matching",
    "weights",
    "scoring",
)


def main() -> int:
    """Parse arguments, run, print the figures and write them where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[name for name in NAMES if _exists(name)])
    parser.add_argument("--events", type=int, default=10_000_000, help="size of the generated run")
    parser.add_argument("--minutes", type=float, default=30, help="length of the soak")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--peers", type=Path, help="folder of a virtual environment with the peers installed")
    parser.add_argument("--scratch", type=Path, help="keep generated runs here instead of a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ptb-bench-") as temporary:
        scratch = arguments.scratch or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        setting = Setting(arguments.events, scratch, arguments.peers, arguments.minutes)
        figures = importlib.import_module(f"benchmarks.{arguments.name}").run(setting)
    for name, value in figures.items():
        print(f"{name:<36} {value}")
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    return 0


def _exists(name: str) -> bool:
    return (Path(__file__).parent / f"{name}.py").exists()


if __name__ == "__main__":
    sys.exit(main())
