"""``model-substitution``: the submitted weights are, or descend from, a checkpoint that is not the given base.

Other checkpoints are known by their names on the hub: the base maker's instruct siblings from the catalog, and whatever
else lies in the hub's cache or is loaded by an id of a known organisation. Only weights count, and only what weights are
made of: an instruct model that generates data, ranks answers or lends its tokenizer leaves no trace in them. Where base
and another model go into one program, it is a merge if the program says so, else a teacher. A comparison of the
weights themselves (``ptb weights --run``), where there is one, has the last word.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from review.commands.acts import Acts, Leg, told_acts
from review.commands.same_file import same
from review.detected import detected
from review.detector import RunView
from review.evidence import cite_with_words
from review.file_names import NO_DATA, WEIGHTS, is_submitted
from review.flows import Flows, Way, readers, writers
from review.foreign_weights import CACHED, Foreign, local_weights, weights_of
from review.hub_names import MAKERS_ID, hub_pattern
from review.lineage.final_model import standing_makers
from review.processes import ProcessTree
from review.training import how_far
from review.uses import Use, furthest, recorded_uses, seqs_of, told_uses
from review.versions import recorded_versions
from review.walked import walked_use
from store.catalog.entry import BaseModel
from store.catalog.reader import load_catalog
from store.counting import counted
from store.errors import BadInput
from store.findings import (
    Certainty,
    Coverage,
    CoverageState,
    Finding,
    Reach,
    RuleResult,
)

_MAY_CARRY = (
    rf"{WEIGHTS}|^(pipe|socket):|^(?!.*({NO_DATA}))(?!.*/(torchinductor|\.triton|\.nv|\.cache/(vllm|torch|uv|pip))[^/]*/)"
    r"(?!.*\.(jsonl?|csv|tsv|parquet|arrow|txt|md|log|html?|xml|ya?ml|toml|jinja|py|sh|ipynb|lock|out|err|model|png|svg)"
    r"(\.(gz|zst|xz|bz2))?$)(?!.*/(tokenizer|vocab|merges)[^/]*$)/.*"
)
"""Files in which weights may lie on their way: all but text, data, programs and caches; what a model wrote is data."""
_LIKE_MODEL = re.compile(
    r"(?i)^(?!(runs?|out(puts?)?|ckpts?|checkpoints?|models?|results?|data|tmp|work|saved?|exps?|experiments?|artifacts|weights|base"
    r"|cache|merged|adapters?|lora|sft|train\w*|final\w*|stage\w*)/)[\w-]+/[\w.-]*(qwen|gemma|llama|smollm|mistral|phi|deepseek|olmo)"
    r"[\w.-]*$"
)
"""Anybody's model on the hub, by its name: no folder that a run would call so."""
_MERGE = re.compile(
    r"(?i)mergekit|\bsoups?\b|\bslerp|\blerp\b|task.?(arithmetic|vector)|weighted (mean|average)|average.{0,20}(weights|checkpoints)"
    r"|merg\w* (?!.{0,30}(lora|adapter)).{0,20}(models|checkpoints|weights)|(interpolat|combin)\w* .{0,30}(models|checkpoints|weights)"
)
"""Merging an adapter into its own base is none."""
_TEACHES = re.compile(
    r"(?i)teach|distil|kl_?div|logit|generat|reward|judge|ref_model|student|loss|\bLLM\b|pipeline|trainer"
)
_NO_WEIGHTS = re.compile(
    r"\.(jsonl?|csv|tsv|parquet|arrow|txt|md|log|py|sh|ya?ml|toml|html?|ipynb|jinja|png|out|err)(\.gz)?$|^\.$"
)
"""Names of what holds text or data; what a model wrote is no weights of it."""
_COPIES_FILES = re.compile(
    r"\b(copytree|copy2?|copyfile|move|make_archive|unpack_archive|tarfile|zipfile|symlink|rename|link)\b"
)
_BESIDE_WEIGHTS = re.compile(
    r"(?i)tokenizer|vocab|merges|config|special_tokens|template|added_tokens|\.(json|jinja|txt|model|md|py)$|licen[cs]e|readme"
)
"""Files of a checkpoint that hold no weights."""
_QUANTISED = re.compile(r"(?i)-(unsloth-)?(bnb-4bit|4bit|8bit|awq|gptq|gguf)$")

_WORDS = {
    Reach.TRAINED: "no submitted weights are known to descend from it",
    Reach.SUPERSEDED: "the submitted weights were written anew afterwards",
    Reach.ANCESTOR: "what is in final_model descends from it",
}
_SUBSTITUTED = {
    "is the instruct model",
    "is the instruct model plus noise",
    "tuned from the instruct model",
    "a merge of base and instruct model",
    "not made from the base",
}
_OWN = {"is the base, unchanged", "tuned from the base", "LoRA merged into the base"}


class ModelSubstitution:
    """The rule of that name; see the module."""

    rule = "model-substitution"
    version = "5"

    def look(self, run: RunView) -> RuleResult:
        """A finding for each other checkpoint that weights were made from."""
        base = _base(run)
        acts = run.once(told_acts)
        accesses = run.count("files")
        named = run.manifest.facts.base_model
        if base is None or not (accesses or acts.acts):
            unknown = (
                f"base model {named!r} is not in the catalog" if named else "the run names no base model"
            )
            reason = unknown if base is None else "nothing was recorded"
            coverage = Coverage(
                CoverageState.COULD_NOT_LOOK, "nothing", "weights", reason, base is None and named is not None
            )
            return RuleResult(self.rule, self.version, coverage)
        uses: dict[str, list[tuple[Use, str]]] = defaultdict(list)
        for model, use, fact in (*_recorded(run, base), *_told(acts, base)):
            uses[model].append((use, fact))
        compared = _compared(run)
        findings = [self._finding(run, base, model, told, compared) for model, told in sorted(uses.items())]
        if compared in _SUBSTITUTED and not any(f.reach is Reach.ANCESTOR and not f.fact for f in findings):
            findings.append(self._by_weights(run, compared))
        return RuleResult(
            self.rule,
            self.version,
            _coverage(acts, accesses, findings, compared),
            tuple(filter(None, findings)),
        )

    def _finding(
        self, run: RunView, base: BaseModel, model: str, told: list[tuple[Use, str]], compared: str
    ) -> Finding:
        sure = [use for use, fact in told if not fact]
        use = furthest(sure or [use for use, _ in told])
        fact = "" if sure else told[0][1]
        if compared in _OWN:
            fact = "compared"
        kind = "the instruct sibling of the base" if model in base.instruct_siblings else "not the given base"
        what = (
            "was loaded by a program that also wrote weights"
            if fact == "teacher"
            else "became weights of the run"
        )
        title = f"{model}, {kind}, {what}"
        explanation = title if fact == "teacher" else f"{title}; {_WORDS[use.reach]}"
        if compared:
            explanation += f"; compared, the submitted weights: {compared}"
        use = replace(use, lineage=(model, *use.lineage[1:]))
        return self._made(run, model, use, fact, title, explanation, seqs_of(one for one, _ in told))

    def _by_weights(self, run: RunView, compared: str) -> Finding:
        """The weights alone tell it; the evidence is who wrote them last."""
        paths = run.texts(rf"(^|/)final_model/.*{WEIGHTS}")
        seqs = [use.seq for use in writers(run, paths)][-1:]
        seqs = seqs or [v.seq for v in run.once(recorded_versions) if is_submitted(v.path)][-1:]
        last = run.once(told_acts).last_to_write_model()
        seqs = seqs or ([last.seq] if last else [])
        title = f"compared with the base, the submitted weights are another's: {compared}"
        use = Use("?", "final_model", Reach.ANCESTOR, tuple(seqs), ("another's weights", "final_model"))
        return self._made(run, "weights", use, "", title, title, seqs)

    def _made(
        self,
        run: RunView,
        identity: str,
        use: Use,
        fact: str,
        title: str,
        explanation: str,
        seqs: Sequence[int],
    ) -> Finding:
        return detected(
            run,
            self,
            [identity],
            cite_with_words(run, seqs),
            reach=use.reach,
            title=title,
            explanation=explanation,
            lineage=use.lineage,
            steps=walked_use(run, use),
            certainty=Certainty.CERTAIN,
            fact=fact,
        )


def _base(run: RunView) -> BaseModel | None:
    try:
        return load_catalog().model(run.manifest.facts.base_model or "")
    except BadInput:
        return None


def _is_base(base: BaseModel, model: str) -> bool:
    """The base itself, somebody's mirror of it, or the same weights in fewer bits."""
    name = _QUANTISED.sub("", model.partition("/")[2])
    return name.lower() == base.hub_id.partition("/")[2].lower()


def _compared(run: RunView) -> str:
    """The latest answer of a comparison of the weights; empty where there is none."""
    rows = run.query("SELECT answer FROM weight_checks ORDER BY ts DESC LIMIT 1")
    return str(rows[0][0]) if rows else ""


def _recorded(run: RunView, base: BaseModel) -> Iterator[tuple[str, Use, str]]:
    """Checkpoints whose weights processes read and made weights of."""
    weights = weights_of(run, lambda model: _is_base(base, model), base.instruct_siblings)
    if not weights.foreign:
        return
    tree, flows = run.once(ProcessTree.of), run.once(Flows)
    own = _readers_of_own(run, weights.base)
    for foreign in weights.foreign:
        yield from ((foreign.model, use, "") for use in _same_bytes(run, flows, tree, foreign))
        makers = {copy.path: copy.process_id for copy in foreign.copies if copy.process_id is not None}
        paths = [*foreign.paths, *(copy.path for copy in foreign.copies)]
        trained = how_far(run, flows, paths, makers, _MAY_CARRY)
        descended = {
            name for one in trained.values() for step in one.way for name in flows.names_of(step.write.path)
        }
        for use in recorded_uses(tree, trained, {}):
            teacher = _is_teacher(run, tree, use.way, own, descended.union(paths))
            if not teacher or all(re.search(WEIGHTS, step.write.path) for step in use.way):
                yield foreign.model, use, "teacher" if teacher else ""


def _same_bytes(run: RunView, flows: Flows, tree: ProcessTree, foreign: Foreign) -> Iterator[Use]:
    """Weights of ``final_model`` that are the other checkpoint's byte for byte."""
    standing = {path for _, path in run.once(standing_makers)}
    for copy in foreign.copies:
        if not any(is_submitted(name) for name in flows.names_of(copy.path)):
            continue
        reach = Reach.ANCESTOR if copy.last and copy.path in standing else Reach.SUPERSEDED
        maker = tree.get(copy.process_id) if copy.process_id is not None else None
        seqs = (*((maker.seq,) if maker else ()), copy.seq)
        lineage = (foreign.model, *((maker.program,) if maker else ()), posixpath.basename(copy.path))
        yield Use(foreign.paths[0], copy.path, reach, seqs, lineage)


def _readers_of_own(run: RunView, base: Iterable[str]) -> dict[int, set[str]]:
    """By process, the weights that it read of the base, or of the run where it did not write them itself."""
    local = local_weights(run)
    written = {(use.process_id, use.path) for use in writers(run, local)}
    own: dict[int, set[str]] = defaultdict(set)
    for read in readers(run, [*base, *local]):
        if (read.process_id, read.path) not in written:
            own[read.process_id].add(read.path)
    return own


def _is_teacher(
    run: RunView, tree: ProcessTree, way: Way, own: Mapping[int, set[str]], descended: set[str]
) -> bool:
    """Whether a program on the way had weights of the run's own as well, and does not say that it mixes the two."""
    for step in way:
        programs = {step.read.process_id, step.write.process_id}
        if step.certainty is Certainty.CERTAIN or not any(
            own.get(one, set()) - descended for one in programs
        ):
            continue
        if not _merges(run, tree, programs):
            return True
    return False


def _merges(run: RunView, tree: ProcessTree, processes: set[int]) -> bool:
    """Whether one of these programs says that it mixes checkpoints."""
    programs = [process for one in processes if (process := tree.get(one)) is not None]
    scripts = {process.program for process in programs}
    texts = [v.text or "" for v in run.once(recorded_versions) if posixpath.basename(v.path) in scripts]
    texts += [" ".join(process.argv) for process in programs]
    return any(_MERGE.search(text) for text in texts)


def _told(acts: Acts, base: BaseModel) -> Iterator[tuple[str, Use, str]]:
    """Checkpoints that commands and scripts name as what weights are made from."""
    for model in _named(acts, base):
        pattern = hub_pattern([model])
        assert pattern is not None
        for use in told_uses(acts, pattern, _carries_weights):
            laid: list[str] = []
            teacher = False
            for leg in use.trail:
                others = [one for one in _sources_of(leg) if not any(same(one, name) for name in laid)]
                teacher |= any(_names_base(base, one) for one in others) and not _mixes(leg)
                laid.append(leg.transfer.target)
            yield model, use, "teacher" if teacher else ""


def _mixes(leg: Leg) -> bool:
    """Whether the program says that it mixes what it loads, or puts values of both into one without any teaching."""
    texts = [leg.act.text, *leg.act.effects.code]
    if any(_MERGE.search(text) for text in texts):
        return True
    whole = all(program.whole for program in leg.act.effects.programs)
    followed = not leg.trains and bool(leg.act.effects.code)
    return followed and whole and not any(_TEACHES.search(text) for text in texts)


def _named(acts: Acts, base: BaseModel) -> set[str]:
    """Ids of other checkpoints that commands name."""
    names = {name for act in acts.acts for name in act.effects.reads}
    cached = {f"{m[1]}/{m[2]}" for name in names if (m := re.search(CACHED, f"/{name}/"))}
    written = [name for act in acts.acts for name in act.effects.writes]
    loaded = {
        name
        for act in acts.acts
        for name in act.effects.checkpoints
        if MAKERS_ID.match(name) or (_LIKE_MODEL.match(name) and not any(same(name, one) for one in written))
    }
    told = {
        one for one in base.instruct_siblings if any(re.search(hub_pattern([one]) or "", n) for n in names)
    }
    return {model for model in cached | loaded | told if not _is_base(base, model)}


def _names_base(base: BaseModel, name: str) -> bool:
    return re.search(hub_pattern([base.hub_id]) or "", name) is not None


def _sources_of(leg: Leg) -> set[str]:
    """All that goes into the same target in the same command."""
    told = {one.source for one in leg.act.effects.transfers if one.target == leg.transfer.target}
    for program in leg.act.effects.programs:
        if leg.transfer.target in program.models and leg.transfer.source in program.reads:
            told |= set(program.reads)
    return told


def _carries_weights(leg: Leg) -> bool:
    """Whether weights can go that way: into a model of one program, or by copying files or folders of them."""
    source, target = leg.transfer.source, leg.transfer.target
    if _BESIDE_WEIGHTS.search(posixpath.basename(source.rstrip("/"))):
        return False
    by_program = [program for program in leg.act.effects.programs if source in program.reads]
    if not by_program:
        return not _NO_WEIGHTS.search(target)
    if not leg.trains and not _NO_WEIGHTS.search(target):
        codes = leg.act.effects.code
        copies = any(_COPIES_FILES.search(code) for code in codes) and not any(
            _TEACHES.search(c) for c in codes
        )
        if copies or re.search(WEIGHTS, source):
            return True
    if target not in leg.act.effects.models:
        return False
    # In a program of known text the checkpoint's value must be followed into what it saves.
    followed = not leg.trains or leg.transfer in leg.act.effects.transfers
    return followed or any(not program.whole for program in by_program)


def _coverage(acts: Acts, accesses: int, findings: Sequence[Finding], compared: str) -> Coverage:
    not_seen = []
    if not accesses:
        not_seen.append("file accesses: never recorded")
    if not compared:
        not_seen.append("the weights themselves: not compared with the base (ptb weights)")
    if acts.skipped:
        not_seen.append(f"{counted(acts.skipped, 'command')} beyond the first {len(acts.acts):,}")
    found = any(not finding.fact for finding in findings)
    state = (
        CoverageState.FOUND
        if found
        else CoverageState.CLEAR
        if accesses or compared
        else CoverageState.PARTIAL
    )
    looked = f"{counted(accesses, 'file access', 'file accesses')}, {counted(len(acts.acts), 'command')}"
    return Coverage(state, f"{looked}; the weights: {compared}" if compared else looked, "; ".join(not_seen))
