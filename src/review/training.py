"""How far a data file got: was it trained on, and do the submitted weights descend from it?

A process that read the file and then wrote weights (or started one that did) trained on it, as far as files show.
Weights are followed through copies, merges and further training into ``final_model``.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from review.detector import RunView
from review.file_names import WEIGHTS
from review.flows import Access, Flows, Way, writers, written_by
from review.lineage.final_model import standing_makers
from store.findings import Reach

TRAINED_ON: Mapping[Reach, str] = {
    Reach.TRAINED: "it was trained on, and no submitted weights are known to descend from it",
    Reach.SUPERSEDED: "it was trained on, and the submitted weights were written anew afterwards",
    Reach.ANCESTOR: "the weights in final_model were trained on it",
}
"""What is said of data that got so far."""
_SUBMITTED = r"(^|/)final_model/"


@dataclass(frozen=True, slots=True)
class Training:
    """What was made of a data file."""

    reach: Reach
    """``written``, ``trained``, ``superseded`` or ``ancestor``."""
    way: Way = ()
    """From the first training process that read it to the last weights written."""

    @property
    def read(self) -> Access | None:
        """How the first training process took it in."""
        return self.way[0].read if self.way else None

    @property
    def weights(self) -> Access | None:
        """What the last one wrote."""
        return self.way[-1].write if self.way else None


def how_far(
    run: RunView,
    flows: Flows,
    paths: Collection[str],
    makers: Mapping[str, int] | None = None,
    through: str = WEIGHTS,
) -> dict[str, Training]:
    """What was made of each of these files.

    ``makers``: the process that wrote the content in question, by path; elsewhere it is there from the first write on.
    ``through`` is a regular expression for the files that it is followed through on its way into weights.
    """
    known = makers or {}
    first: dict[str, Access] = {path: Access(0, path, 0, 0, 0) for path in paths}
    first |= {write.path: write for write in written_by(run, known)}
    others = [path for path in paths if first[path].process_id != known.get(path, -1)]
    for write in sorted(writers(run, others), key=lambda use: use.first_us, reverse=True):
        first[write.path] = write
    reads: dict[str, list[Access]] = defaultdict(list)
    for write, read in flows.readers_after(first.values()):
        reads[write.path].append(read)
    return {path: _made_of(run, flows, reads[path], through) for path in paths}


def _made_of(run: RunView, flows: Flows, reads: list[Access], through: str) -> Training:
    spread = flows.follow(reads, only=through)
    weights = [path for path in spread.ways if re.search(WEIGHTS, path)]
    if not weights:
        return Training(Reach.WRITTEN)
    submitted = [name for name in weights if any(re.search(_SUBMITTED, n) for n in flows.names_of(name))]
    standing = {path for _, path in spread.makers & run.once(standing_makers)}.intersection(weights)
    way = spread.ways[min(standing.intersection(submitted) or submitted or weights[:1])]
    reach = Reach.ANCESTOR if standing else Reach.SUPERSEDED if submitted else Reach.TRAINED
    return Training(reach, way)
