"""What a rule says of its own sight: which witnesses it needs, what they told it, and what is missing."""

from dataclasses import dataclass

from review.detector import RunView
from store.counting import counted
from store.findings import Coverage, CoverageState

_NAMES = {
    "commands": ("command", "commands"),
    "execs": ("program", "programs"),
    "file_versions": ("content of a file", "contents of files"),
    "files": ("file access", "file accesses"),
    "gaps": ("gap", "gaps"),
    "gpu": ("GPU sample", "GPU samples"),
    "net": ("connection", "connections"),
    "processes": ("process", "processes"),
    "transcript": ("transcript row", "transcript rows"),
}
_SHOWS = {
    "kernel": "processes, file accesses and connections",
    "gpu": "the GPU",
    "transcript": "the agent's words",
    "workspace": "contents of files",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of a run."""

    needs: tuple[str, ...]
    """Witnesses without any of which it cannot look; with one of them it can."""
    wants: tuple[str, ...]
    """Witnesses without which it sees a part."""
    views: tuple[str, ...]
    """What it looks at, as names of views."""

    def blind(self, run: RunView) -> Coverage | None:
        """The coverage where none of the witnesses needed is there; None where one is."""
        if not self.needs or any(told(run, witness) for witness in self.needs):
            return None
        not_seen = " and ".join(_SHOWS[witness] for witness in self.needs)
        reason, promised = _why(run, self.needs)
        return Coverage(CoverageState.COULD_NOT_LOOK, "nothing", not_seen, reason, promised)


def covered(run: RunView, asked: Asked, *, found: bool) -> Coverage:
    """The coverage of a rule that could look."""
    looked_at = ", ".join(counted(run.count(view), *_NAMES[view]) for view in asked.views)
    missing = tuple(witness for witness in (*asked.needs, *asked.wants) if not told(run, witness))
    lost = run.once(_lost)
    not_seen = [_absent(run, witness) for witness in dict.fromkeys(missing)]
    reason, promised = _why(run, missing)
    if told_lost := [
        f"{counted(count, 'row')} lost by {source}" for source, count in lost if _matters(source, asked)
    ]:
        not_seen += told_lost
        promised = True
    state = CoverageState.FOUND if found else CoverageState.PARTIAL if not_seen else CoverageState.CLEAR
    return Coverage(state, looked_at, "; ".join(not_seen), reason, promised)


def told(run: RunView, witness: str) -> bool:
    """Whether the witness recorded anything."""
    return witness in run.once(_told)


def _absent(run: RunView, witness: str) -> str:
    meant = any(source.name == witness for source in run.manifest.sources)
    return _SHOWS[witness] if meant else f"{_SHOWS[witness]}: never recorded"


def _told(run: RunView) -> frozenset[str]:
    first = {"kernel": "processes", "gpu": "gpu", "transcript": "transcript", "workspace": "file_versions"}
    return frozenset(witness for witness, view in first.items() if run.count(view))


def _lost(run: RunView) -> list[tuple[str, int]]:
    rows = run.query(
        "SELECT source, sum(lost)::BIGINT FROM gaps WHERE lost > 0 GROUP BY source ORDER BY source"
    )
    return [(source, count) for source, count in rows]


def _matters(source: str, asked: Asked) -> bool:
    return source in (*asked.needs, *asked.wants)


def _why(run: RunView, witnesses: tuple[str, ...]) -> tuple[str, bool]:
    """Why these witnesses told nothing, and whether the manifest had promised one of them.

    An import never had them: that is said once for the run, not by every rule.
    """
    sources = {source.name: source for source in run.manifest.sources}
    meant = [sources[witness] for witness in witnesses if witness in sources]
    reasons = [f"{source.name}: {source.reason or source.state}" for source in meant]
    return "; ".join(reasons), any(source.state != "unavailable" for source in meant)
