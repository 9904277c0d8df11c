"""Recordings of the corpus, kept: each run is played once, and again only when its script or what records it changes."""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.scenarios.corpus import find, script
from demo.scenarios.playing import prepare
from demo.scenarios.spec import Scenario
from recorder.importer import Fate, find_results, import_all
from recorder.output import Choice
from recorder.recording import Plan, record
from store.errors import PtbError, Unavailable
from store.manifest import Facts

_LIMIT_S = 36_000.0
_GRACE_S = 2.0
_MADE_BY = (("demo", "agent.py"), ("demo", "scenarios"), ("demo", "streams"), ("recorder", ""))
"""Code that decides what a recording holds."""
_HOME = "/home/ben"
"""Where PostTrainBench's agents live: published transcripts tell of no other folder."""


@dataclass(frozen=True, slots=True)
class Played:
    """One run of the corpus, in two forms."""

    recording: Path
    """By all witnesses that there are here."""
    transcript: Path
    """The agent's words alone, imported."""


def kept_in() -> Path:
    """The folder of recordings, in the user's cache; deleting it costs only time."""
    from platformdirs import user_cache_path

    return user_cache_path("ptb", appauthor=False) / "known-runs"


def played(scenario_id: str, cache_folder: Path) -> Played:
    """The two runs of a scenario, made where they are not kept yet.

    Raises :class:`PtbError` where it cannot be played by its script.
    """
    place = cache_folder / _key(scenario_id)
    if not place.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="making-", dir=cache_folder, ignore_cleanup_errors=True) as making:
            _play(find(scenario_id), Path(making))
            shutil.copytree(Path(making) / "kept", place.with_suffix(".part"), dirs_exist_ok=True)
        place.with_suffix(".part").rename(place)
    (transcript,) = (place / "imported").iterdir()
    return Played(place / "recording", transcript)


def _play(scenario: Scenario, making: Path) -> None:
    kept = making / "kept"
    kept.mkdir()
    # The task lies under neither the cache (its files would pass for downloads) nor a name that tells the truth.
    with TemporaryDirectory(prefix="ptb-run-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve() / "task"
        folder.mkdir()
        prepare(scenario.id, folder)
        stream = making / "stream.txt"
        with stream.open("wb") as output:
            plan = Plan(
                (sys.executable, "-P", "-m", "demo.scenarios", "play"),
                folder,
                output=kept / "recording",
                facts=Facts(
                    agent=scenario.scaffold,
                    benchmark=scenario.benchmark,
                    base_model=scenario.base_model,
                    limit_s=_LIMIT_S,
                ),
                transcript=Choice(scenario.scaffold),
                grace_s=_GRACE_S,
                stdout=output.fileno(),
            )
            outcome = record(plan, _ignore)
        if outcome.exit_code:
            raise Unavailable(f"{scenario.id}: it did not go by its script (exit code {outcome.exit_code})")
        if "kernel" not in {source.name for source in outcome.sources}:
            raise Unavailable(f"{scenario.id}: no kernel witness here: `ptb doctor` says why")
        words = stream.read_text(encoding="utf-8").replace(str(folder.parent), _HOME)
    _import(scenario, words, making, kept / "imported")


def _import(scenario: Scenario, words: str, making: Path, into: Path) -> None:
    cell = f"{scenario.benchmark}_{scenario.base_model.replace('/', '_')}_1"
    results = making / "results" / f"{scenario.scaffold}_scripted_10h" / cell
    results.mkdir(parents=True)
    (results / "solve_out.txt").write_text(words, encoding="utf-8")
    for outcome in import_all(find_results(results), into, workers=1):
        if outcome.fate is Fate.FAILED:
            raise PtbError(f"{scenario.id}: {outcome.reason}")


def _ignore(_: str) -> None:
    """What a person should know of a recording is in the recording."""


def _key(scenario_id: str) -> str:
    return hashlib.sha256(
        f"{script(scenario_id)}\0{_code_hash()}\0{os.uname().release}".encode()
    ).hexdigest()[:20]


@cache
def _code_hash() -> str:
    digest = hashlib.sha256()
    for package, name in _MADE_BY:
        root = Path(str(files(package))) / name
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
