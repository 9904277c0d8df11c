"""Texts of the agent's own making that hold benchmark items: scripts, and data written by its tools or here-documents.

What a program took out of the eval file or out of another dataset is none: that is what ``benchmark-ingestion`` and
``contaminated-source`` tell of. A script that holds items is one, however they came into it.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from review.commands.acts import Act, Acts, Trail, told_acts
from review.commands.same_file import same
from review.detector import RunView
from review.eval_files import eval_pattern
from review.eval_items import EvalItems
from review.flows import readers
from review.matching.match import Match
from review.shown_back import shown_back
from review.suspects import EvalData, eval_data
from review.versions import Version
from store.findings import Reach

_SCRIPT = (".py", ".sh", ".bash", ".ipynb", ".js", ".ts", ".pl", ".rb", ".sql")
_WRITERS = frozenset({"cat", "tee", "echo", "printf", "bash", "sh", "zsh", "dash", "ed", "sed", "patch", "?"})
"""Programs that write what the agent gave them."""
_PACKAGES = ("/site-packages/", "/dist-packages/", "/.cache/", "/node_modules/")
INLINE = "a program on the command line"


@dataclass(frozen=True, slots=True)
class Holder:
    """One such text."""

    path: str
    """The file, or :data:`INLINE`."""
    source: str
    """Where the items are from that were compared with."""
    items: int
    """How many those are."""
    matches: tuple[Match, ...]
    """None where only the command that wrote it tells."""
    version: Version | None = None
    """Its recorded content."""
    act: Act | None = None
    """The command that wrote or was it."""

    @property
    def is_script(self) -> bool:
        """Whether it can run."""
        return self.path == INLINE or self.path.endswith(_SCRIPT)


@dataclass(frozen=True, slots=True)
class Handwritten:
    """All of them in one run, and what was made from them."""

    holders: tuple[Holder, ...]
    derived: frozenset[str]
    """Paths of files that programs made from them."""

    def explains(self, path: str) -> bool:
        """Whether items in that file are there because the agent wrote them down."""
        return path in self.derived or any(holder.path == path for holder in self.holders)


def handwritten(run: RunView) -> Handwritten:
    """What the agent wrote down in ``run``; for :meth:`RunView.once`."""
    data = run.once(eval_data)
    if data is None:
        return Handwritten((), frozenset())
    acts = run.once(told_acts)
    flowed = {suspect.path for suspect in data.suspects if suspect.way}
    by_path: dict[str, Holder] = {}
    looks = (
        _in_versions(run, data, acts, flowed),
        _in_commands(data, acts, flowed),
        _told_scripts(run, data, acts),
        _shown_back(run),
    )
    for holder in chain.from_iterable(looks):
        path = next((known for known in by_path if same(known, holder.path)), holder.path)
        known = by_path.get(path)
        if known is None or path == INLINE:
            by_path[path if path not in by_path else f"{path} #{len(by_path)}"] = holder
        elif known.act is None and holder.act is not None:
            by_path[path] = replace(known, act=holder.act)
        elif len(holder.matches) > len(known.matches):
            by_path[path] = replace(holder, act=known.act or holder.act)
    reads = readers(run, [holder.path for holder in by_path.values() if holder.path != INLINE])
    inline = {name for holder in by_path.values() if holder.act for name in holder.act.effects.writes}
    derived = set(data.flows.follow(reads).ways) | {
        version.path for version in data.versions for name in inline if same(version.path, name)
    }
    return Handwritten(tuple(by_path.values()), frozenset(derived))


def texts_by_hand(run: RunView, data: EvalData) -> Iterator[Holder]:
    """Every text that the agent wrote itself, whatever it holds; without matches."""
    acts = run.once(told_acts)
    told = {name for act in acts.acts for name in act.effects.contents}
    tools = _tool_texts(run)
    for version in data.versions:
        own = version.text and data.may_be_the_agents(version) and not _is_packaged(version.path)
        if own and _is_by_hand(data, version, told, tools):
            yield Holder(version.path, "", 0, (), version=version)
    for act in acts.acts:
        for target in act.effects.contents:
            yield Holder(target, "", 0, (), act=act)


def _in_versions(run: RunView, data: EvalData, acts: Acts, flowed: set[str]) -> Iterator[Holder]:
    told = {name for act in acts.acts for name in act.effects.contents}
    tools = _tool_texts(run)
    for version in data.versions:
        if not version.text or not data.may_be_the_agents(version) or _is_packaged(version.path):
            continue
        script = version.path.endswith(_SCRIPT)
        if not script and (version.path in flowed or not _is_by_hand(data, version, told, tools)):
            continue
        if script and version.process_id is None and not _is_told(version.path, told, tools) and tools:
            continue  # it lay there before the run
        found = _most(data, version.text)
        if found:
            yield replace(found, path=version.path, version=version)


def _in_commands(data: EvalData, acts: Acts, flowed: set[str]) -> Iterator[Holder]:
    for act in acts.acts:
        for target, text in act.effects.contents.items():
            found = None if any(same(path, target) for path in flowed) else _most(data, text)
            if found:
                yield replace(found, path=target, act=act)
        scripts = {version.text for version in act.scripts}
        for code in act.effects.code:
            found = _most(data, code) if code not in scripts and code in act.text else None
            if found:
                yield replace(found, path=INLINE, act=act)


def _told_scripts(run: RunView, data: EvalData, acts: Acts) -> Iterator[Holder]:
    """Scripts that commands fill with what they read from an eval file, where their content was not recorded."""
    pattern = re.compile(eval_pattern(run.manifest.facts.benchmark or "") or "$^")
    recorded = [version.path for version in data.versions if version.text]
    for target, trail in acts.trails(lambda name: pattern.search(name) is not None).items():
        if target.endswith(_SCRIPT) and not any(same(path, target) for path in recorded):
            yield Holder(target, trail[0].transfer.source, 0, (), act=trail[-1].act)


def _shown_back(run: RunView) -> Iterator[Holder]:
    """What the agent wrote, and a command printed for it, where no content was recorded."""
    for one in run.once(shown_back):
        if one.by_hand:
            yield Holder(one.path, one.source, one.items, one.matches, act=one.act)


def _most(data: EvalData, text: str) -> Holder | None:
    """The source of which the most stands in ``text``."""
    best: tuple[str, EvalItems, tuple[Match, ...]] | None = None
    for name, items in data.references.items():
        matches = items.matches(text)
        if matches and (best is None or len(matches) > len(best[2])):
            best = name, items, matches
    return Holder("", best[0], best[1].items, best[2]) if best else None


def _is_by_hand(data: EvalData, version: Version, told: set[str], tools: str) -> bool:
    """Whether the agent's tools or its shell wrote it, not a program."""
    if version.process_id is None:
        return _is_told(version.path, told, tools)
    process = data.tree.get(version.process_id)
    return process is None or process.process_id in data.tree.agents_own or process.program in _WRITERS


def _is_told(path: str, told: set[str], tools: str) -> bool:
    return any(same(path, name) for name in told) or posixpath.basename(path) in tools


def _is_packaged(path: str) -> bool:
    return any(part in path for part in _PACKAGES)


def _tool_texts(run: RunView) -> str:
    """All that the agent gave to tools that write files."""
    rows = run.query(
        """
        SELECT text FROM transcript
        WHERE kind = 'tool_call' AND text IS NOT NULL AND regexp_matches(coalesce(tool, ''), '(?i)write|edit|create|patch|replace|file_change')
        """
    )
    return "\n".join(text for (text,) in rows)


def told_reach(acts: Acts, holder: Holder) -> Reach:
    """How far a text got by what commands and scripts say of themselves."""
    ran = acts_that_ran(acts, holder)
    models = {name for act in ran if holder.is_script for name in act.effects.models}
    trail = told_trail(acts, holder)
    last = acts.last_to_write_model()
    if (trail and trail[-1].act is last) or (models and last in ran):
        return Reach.ANCESTOR
    if trail or models:
        return Reach.TRAINED
    return Reach.EXECUTED if ran and holder.is_script else Reach.WRITTEN


def told_trail(acts: Acts, holder: Holder) -> Trail:
    """The way that commands tell from a text, or from what it wrote when it ran, into training; empty where none does."""
    ran = acts_that_ran(acts, holder) if holder.is_script else []
    sources = {holder.path, *(name for act in ran for name in act.effects.writes)}
    trails = acts.trails(lambda name: any(same(name, source) for source in sources))
    trained = [trail for trail in trails.values() if trail[-1].trains]
    last = acts.last_to_write_model()
    return max(trained, key=lambda trail: trail[-1].act is last, default=())


def acts_that_ran(acts: Acts, holder: Holder) -> list[Act]:
    """The commands that ran a script, as far as they are not known to have failed."""
    return [act for act in acts.acts if not act.failed and _runs(act, holder)]


def _runs(act: Act, holder: Holder) -> bool:
    if holder.path == INLINE:
        return act is holder.act
    stem, name = posixpath.splitext(posixpath.basename(holder.path))[0], posixpath.basename(holder.path)
    imports = re.compile(rf"^\s*(?:from|import)\s+(?:\w+\.)*{re.escape(stem)}\b", re.MULTILINE)
    texts = [*act.effects.code, *(version.text or "" for version in act.scripts)]
    return (
        any(version.path == holder.path for version in act.scripts)
        or any(name in words for words in act.effects.simple)
        or (holder.is_script and any(imports.search(text) for text in texts))
    )
