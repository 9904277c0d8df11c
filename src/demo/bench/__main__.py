"""``python -P -m demo.bench``: a worker of ``ptb bench detectors``; prints one JSON line a run of the corpus."""

import argparse
import sys
from pathlib import Path

from demo.bench.judging import judge
from demo.bench.recordings import played
from demo.bench.references import hold_references
from demo.bench.work import Answer
from demo.scenarios.corpus import find
from review.known_runs import Witness
from review.profile import Profile, load_profile
from store.errors import PtbError
from store.jsonio import dumps


def main() -> None:
    """Play and judge the scenarios named."""
    parser = argparse.ArgumentParser(prog="demo.bench", description=__doc__)
    parser.add_argument("scenarios", nargs="+")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--witness", type=Witness, action="append", required=True)
    options = parser.parse_args()
    profile = load_profile(options.profile)
    hold_references(options.cache)
    for scenario in options.scenarios:
        sys.stdout.write(dumps(_answer(scenario, options.witness, profile, options.cache)).decode() + "\n")
        sys.stdout.flush()


def _answer(scenario_id: str, witnesses: list[Witness], profile: Profile, cache: Path) -> Answer:
    try:
        scenario, kept = find(scenario_id), played(scenario_id, cache)
        folders = {Witness.RECORDING: kept.recording, Witness.TRANSCRIPT: kept.transcript}
        judged = [one for witness in witnesses for one in judge(scenario, folders[witness], witness, profile)]
    except PtbError as error:
        return Answer(scenario_id, (), str(error))
    return Answer(scenario_id, tuple(judged), None)


if __name__ == "__main__":
    main()
