"""Processes that share what one of them read: forked workers, those it was forked from, those that it starts later, and,
where pipes are not recorded, its neighbours in a pipeline.
"""

from dataclasses import dataclass

from review.lineage.edges import Kinship
from review.lineage.file_uses import FAR_FUTURE
from review.lineage.images import Carrier, Images
from review.processes import ProcessTree

_MOST_HEIRS = 1000
"""Of one process, beyond which it starts everything and tells nothing."""
_MOST_FORKS = 8
"""Forks one above the other that are followed upwards."""
_PIPELINE_US = 1_000_000
"""A shell forks the parts of a pipeline within this time."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A process beside the one in question."""

    process_id: int
    kinship: Kinship
    """Of the reader to the writer, whichever of the two was asked for."""
    until_us: int = FAR_FUTURE
    """Reads count up to then: the time of a fork."""


class Kin:
    """Relatives of processes in one run."""

    def __init__(self, tree: ProcessTree, images: Images, *, pipes_recorded: bool) -> None:
        self._tree = tree
        self._images = images
        self._pipes_recorded = pipes_recorded
        self.crowded: set[int] = set()
        """Processes that started so many others that nothing can be told of them."""

    def sources(self, writer: int) -> list[Relative]:
        """Whose reads the writer may have had when it wrote: its own, its workers', its forebears' before the fork."""
        found = [Relative(writer, Kinship.SAME)]
        workers = self._images.workers(writer)
        if len(workers) > _MOST_HEIRS:
            self.crowded.add(writer)
        else:
            found += [Relative(worker, Kinship.WORKER) for worker in workers]
        child = writer
        for _ in range(_MOST_FORKS):
            parent, started = self._tree.parent(child), self._tree.started_us(child)
            if parent is None or started is None:
                break
            if self._images.carrier(parent.process_id, started) is not Carrier.PROGRAM:
                break
            child = parent.process_id
            found.append(Relative(child, Kinship.FOREBEAR, started))
        return found + [Relative(one, Kinship.BESIDE) for one in self._beside(writer)]

    def sinks(self, reader: int, since_us: int) -> list[Relative]:
        """Who may have written what the reader had read since a time: itself, whom it works for, whom it started later."""
        found = [Relative(reader, Kinship.SAME)]
        parent = self._tree.parent(reader)
        if parent is not None and reader in self._images.workers(parent.process_id):
            found.append(Relative(parent.process_id, Kinship.WORKER))
        if self._images.carrier(reader, since_us) is Carrier.PROGRAM:
            heirs = self._heirs(reader, since_us)
            if len(heirs) > _MOST_HEIRS:
                self.crowded.add(reader)
            else:
                found += [Relative(heir, Kinship.FOREBEAR) for heir in heirs]
        return found + [Relative(one, Kinship.BESIDE) for one in self._beside(reader)]

    def _heirs(self, process_id: int, since_us: int) -> list[int]:
        """Those that it forked since then, and that their forks forked; what executed a program of its own ends a line."""
        found: list[int] = []
        level = [process_id]
        while level and len(found) <= _MOST_HEIRS:
            children = [
                child
                for parent in level
                for child in self._tree.children(parent)
                if (started := self._tree.started_us(child)) is None or started >= since_us
            ]
            self._images.load(children)
            found += children
            level = [child for child in children if not self._images.executed_by(child, FAR_FUTURE)]
        return found

    def _beside(self, process_id: int) -> list[int]:
        """Processes that the same shell started about then and that lived at the same time."""
        parent, started = self._tree.parent(process_id), self._tree.started_us(process_id)
        if self._pipes_recorded or parent is None or started is None:
            return []
        if self._images.carrier(parent.process_id, started) not in (Carrier.SHELL, Carrier.AGENT):
            return []
        near = [
            child
            for child in self._tree.children(parent.process_id)
            if child != process_id
            and (other := self._tree.started_us(child)) is not None
            and abs(other - started) < _PIPELINE_US
        ]
        return [one for one in near if self._tree.met(process_id, one)]
