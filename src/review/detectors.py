"""Which rules look at a run: those that ship, and those that users add as files or that packages bring along.

``$PTB_RULES`` names folders (or ``rules`` in the platform's user config folder is one) whose ``*.sql`` files are rules. A
package brings rules by entry points of the group ``ptb.rules``: each names a detector, or a folder of such files.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from review.detector import Detector, RunView
from review.scan import DETECTORS
from review.sql_rule import rule_of_file
from store.errors import BadInput, PtbError
from store.findings import RuleResult

GROUP = "ptb.rules"


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules there are here."""

    detectors: tuple[Detector, ...]
    problems: tuple[str, ...]
    """Rule files and entry points that cannot be used: where and why, a line each."""


def all_rules() -> Rules:
    """Those that ship, then others by their place; a rule that cannot be used stops no other."""
    detectors, problems = list(DETECTORS), []
    for found in (*_in_folders(_folders()), *_by_entry_points()):
        if isinstance(found, str):
            problems.append(found)
        elif (rule := found[1].rule) in {known.rule for known in detectors}:
            problems.append(f"{found[0]}: there is a rule {rule!r} already: choose another name")
        else:
            detectors.append(found[1])
    return Rules(tuple(detectors), tuple(problems))


def _folders() -> list[Path]:
    chosen = os.environ.get("PTB_RULES")
    if chosen:
        return [Path(part).expanduser() for part in chosen.split(os.pathsep) if part]
    from platformdirs import user_config_path

    own = user_config_path("ptb", appauthor=False) / "rules"
    return [own] if own.is_dir() else []


def _in_folders(folders: Iterable[Path]) -> Iterator[tuple[str, Detector] | str]:
    for folder in folders:
        if not folder.is_dir():
            yield f"{folder}: no such folder of rules"
            continue
        for path in sorted(folder.glob("*.sql")):
            try:
                yield str(path), rule_of_file(path)
            except BadInput as error:
                yield str(error)


def _by_entry_points() -> Iterator[tuple[str, Detector] | str]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        yield from _brought(point)


def _brought(point: EntryPoint) -> Iterator[tuple[str, Detector] | str]:
    name = f"entry point {point.name} = {point.value}"
    try:
        brought = point.load()
    except Exception as error:  # noqa: BLE001  # another package's code: its failure must stop no other rule
        yield f"{name}: {type(error).__name__}: {error}"
        return
    if isinstance(brought, str | os.PathLike):
        yield from _in_folders([Path(brought)])
    elif _is_detector(brought):
        yield name, _Foreign(name, brought)
    else:
        yield f"{name}: neither a detector nor a folder of rule files"


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Another package's detector: whatever it raises costs only its own answer."""

    name: str
    detector: Detector

    @property
    def rule(self) -> str:
        return self.detector.rule

    @property
    def version(self) -> str:
        return self.detector.version

    def look(self, run: RunView) -> RuleResult:
        try:
            return self.detector.look(run)
        except PtbError:
            raise
        except Exception as error:
            raise BadInput(f"{self.name}: {type(error).__name__}: {error}") from error


def _is_detector(brought: object) -> bool:
    return all(isinstance(getattr(brought, name, None), str) for name in ("rule", "version")) and callable(
        getattr(brought, "look", None)
    )
