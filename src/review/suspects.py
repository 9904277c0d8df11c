"""Files into which eval data went, or may have gone: by what they hold, and by who made them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from review.commands.same_file import same
from review.detector import RunView
from review.eval_files import eval_files, eval_pattern
from review.eval_items import eval_items
from review.file_names import WEIGHTS, hub_dataset, is_data_file, is_weights
from review.flows import Access, Flows, Way, readers
from review.matching.match import Tally
from review.measured_only import measures_only
from review.processes import ProcessTree
from review.versions import Version, recorded_versions
from store.catalog.reader import load_catalog
from store.counting import counted

_SCAFFOLD_FILES = re.compile(r"/\.(claude|codex|gemini)/|/tmp/claude-|/opencode/(storage|log)/")
"""Where agent CLIs keep their logs and the output of commands: what was looked at is in there, too."""

_MODEL = re.compile(r"\.(safetensors|pth|gguf|ckpt)$|(model|adapter|consolidated)[^/]*\.(bin|pt)$")
"""Weights for sure; other ``.bin`` files may be data, packed."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One such file."""

    path: str
    eval_path: str
    match: Tally | None = None
    """None where its content could not be compared, or need not be: it is the eval file itself."""
    version: Version | None = None
    """The content that matched."""
    way: Way = ()
    """From the reading of the eval file to the writing of this one; empty where only the content tells."""


class EvalData:
    """The eval files of one run, and where their content went."""

    def __init__(self, run: RunView, pattern: str) -> None:
        """``pattern``: a regular expression for paths of eval data."""
        self._run = run
        self.tree = run.once(ProcessTree.of)
        """The run's processes."""
        self.versions = run.once(recorded_versions)
        """All recorded contents."""
        self._evaluations = self.tree.evaluations(run.manifest.facts.root)
        self.flows = run.once(Flows)
        """Follows files, but neither through evaluate.py nor through the agent itself."""
        self._paths = eval_files(run, pattern)
        self.references = eval_items(run, self._paths, self.versions)
        """The items to compare with, by the eval file or the reference that they are from."""

    @property
    def reference_is_whole(self) -> bool:
        """Whether every item of the benchmark is there to compare with."""
        benchmark = load_catalog().benchmark(self._run.manifest.facts.benchmark or "")
        return max((r.comparable for r in self.references.values()), default=0) >= benchmark.items

    @property
    def compared_with(self) -> str:
        """The items that there are to compare with, for people."""
        items, comparable = self._items
        shared = sum(reference.shared for reference in self.references.values())
        subtracted = f" ({shared} that allowed data nearly repeats are subtracted)" if shared else ""
        return f"{comparable:,} of {counted(items, 'reference item')}{subtracted}"

    @property
    def _items(self) -> tuple[int, int]:
        """Items that there are, and those that can be compared with."""
        sources = self.references.values()
        return sum(one.items for one in sources), sum(one.comparable for one in sources)

    @property
    def _missing(self) -> int:
        """Items of the benchmark that nothing holds; an eval file of the run itself has all there are."""
        if any(path in self.references for path in self._paths):
            return 0
        expected = load_catalog().benchmark(self._run.manifest.facts.benchmark or "").items
        return max(0, expected - max((one.items for one in self.references.values()), default=0))

    @property
    def reference_lacks(self) -> bool:
        """Whether items are missing that somebody could add."""
        return self._missing > 0

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What the items to compare with lack, a phrase each."""
        if not self.references:
            return ("items of the benchmark: no eval file was recorded, and no reference is held",)
        items, comparable = self._items
        lacks = []
        if self._missing:
            lacks.append(f"{counted(self._missing, 'item')} of the benchmark, which no reference holds")
        if comparable < items:
            lacks.append(f"{counted(items - comparable, 'item')} too short or too alike to compare")
        return tuple(lacks)

    @property
    def eval_paths(self) -> list[str]:
        """The run's files of evaluation data."""
        return list(self._paths)

    @property
    def sources(self) -> list[str]:
        """The run's files of evaluation data, and what evaluating left: results that tell of single items."""
        wanted = ", ".join(map(str, sorted(self._evaluations)))
        if not wanted:
            return list(self._paths)
        rows = self._run.records.rows(
            f"SELECT path FROM files WHERE process_id IN ({wanted}) AND error IS NULL AND coalesce(bytes_written, 0) > 0 GROUP BY path ORDER BY min(seq)"
        )
        left = (self._run.records.text(path) for (path,) in rows)
        return [*self._paths, *(path for path in left if is_data_file(path) and not is_weights(path))]

    def is_eval_file(self, path: str) -> bool:
        """Whether it is one of the run's files of evaluation data."""
        return path in self._paths

    def may_be_the_agents(self, version: Version) -> bool:
        """Whether it is neither eval data, nor evaluate.py's, nor a log of the agent's scaffold."""
        return not (
            version.path in self._paths
            or version.process_id in self._evaluations
            or _SCAFFOLD_FILES.search(version.path)
        )

    @cached_property
    def suspects(self) -> list[Suspect]:
        """Files that hold eval items, and those that readers of eval data made and that cannot be compared."""
        found = {suspect.path: suspect for suspect in self._by_content()}
        held = frozenset(found)
        reads = readers(self._run, self._paths)
        for path, way in self.flows.follow(reads, cleared=self._is_cleared).ways.items():
            if path not in held and self._is_told_by_itself(path, way, held):
                found[path] = Suspect(path, way[0].read.path, way=way)
        # Packed content (base64, say) looks like another: what holds items in the end was not cleared on the way.
        ways = self.flows.follow(reads).ways if held else {}
        for path in held & ways.keys():
            found[path] = replace(found[path], way=ways[path])
        return [
            *(Suspect(path, path) for path in self._trained_on(reads)),
            *(found[p] for p in sorted(found)),
        ]

    def _trained_on(self, reads: Sequence[Access]) -> list[str]:
        """Eval files that a program read which then wrote weights, with no data file in between; not to measure with."""
        weights = self.flows.follow(reads, only=WEIGHTS).ways.values()
        firsts = [way[0] for way in weights if _MODEL.search(way[0].write.path)]
        return sorted({one.read.path for one in firsts if not self._is_only_measured(one.read)})

    def _is_only_measured(self, read: Access) -> bool:
        """Whether the script that read it is known, and does nothing but measure with it."""
        process = self.tree.get(read.process_id)
        words = process.argv if process else ()
        script = next((word for word in words[1:] if word.endswith(".py")), "")
        before = [v for v in self.versions if v.text and script and same(v.path, script) and v.seq < read.seq]
        sources, hub_id = [read.path], hub_dataset(read.path)
        if hub_id is not None:
            entry = load_catalog().benchmark(self._run.manifest.facts.benchmark or "")
            sources += [f"{hub_id}#{split}" for one in entry.data for split in one.splits]
        return bool(before) and any(measures_only(before[-1].text or "", one) for one in sources)

    def _is_told_by_itself(self, path: str, way: Way, held: frozenset[str]) -> bool:
        """Neither weights nor eval data, and not merely made from a file that is known to hold items."""
        if path in self._paths or re.search(WEIGHTS, path):
            return False
        return not any(step.write.path in held for step in way)

    def _by_content(self) -> list[Suspect]:
        """The version of each file that holds the most rows of eval items."""
        best: dict[str, Suspect] = {}
        for version in self.versions:
            if not self.may_be_the_agents(version):
                continue
            for eval_path, reference in self.references.items():
                match = reference.find_in(version.text or "")
                known = best.get(version.path)
                if match.rows and (known is None or known.match is None or match.rows > known.match.rows):
                    best[version.path] = Suspect(version.path, eval_path, match, version)
        return list(best.values())

    def _is_cleared(self, write: Access) -> bool:
        """Whether every version of a file was recorded whole, and none holds an item."""
        versions = [version for version in self.versions if version.path == write.path]
        return bool(versions and self.references) and not any(
            not version.whole or any(r.find_in(version.text or "").rows for r in self.references.values())
            for version in versions
        )


def eval_data(run: RunView) -> EvalData | None:
    """The run's eval data; None where its benchmark is not known. For :meth:`RunView.once`."""
    pattern = eval_pattern(run.manifest.facts.benchmark or "")
    return EvalData(run, pattern) if pattern else None
