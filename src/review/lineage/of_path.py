"""The lineage of one file of a run: what ``ptb lineage RUN PATH`` tells."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from review.commands.same_file import same
from review.detector import RunView
from review.lineage.as_told import NO_WITNESS, told_ancestors, told_descendants, told_names
from review.lineage.edges import at_least
from review.lineage.file_uses import has_file_accesses, uses_of
from review.lineage.graph import Graph
from review.lineage.walk import Link, Walker
from review.run_view import open_run_view
from review.sql_literals import text_literal
from store.counting import counted
from store.errors import BadInput
from store.findings import Certainty

_NEAR = 3
_MOST_COMPARED = 20_000
"""Paths that are compared with a name that is not known."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a file came from and where it went."""

    run_id: str
    path: str
    root: str | None
    """The task folder, to tell paths by."""
    ancestors: tuple[Link, ...]
    """Nearest first."""
    descendants: tuple[Link, ...]
    same_bytes: tuple[str, ...]
    """Other paths that held the same content at some time, whether or not a way was seen."""
    not_seen: tuple[str, ...]
    """A sentence each."""


def lineage_of(folder: Path, path: str, floor: Certainty = Certainty.LIKELY) -> Lineage:
    """The lineage of ``path``, absolute or below the task folder, in the run in ``folder``.

    Links less sure than ``floor`` are told and not followed. Raises :class:`BadInput` for a path that the run does
    not know, with the nearest ones, and :class:`PtbError` when the folder is no readable run.
    """
    with open_run_view(folder) as run:
        if not has_file_accesses(run):
            return _as_told(run, path)
        known = find_path(run, path)
        graph = run.once(Graph)
        walker = Walker(graph, floor)
        ancestors, descendants = walker.ancestors(known), walker.descendants(known)
        return Lineage(
            run_id=run.manifest.run_id,
            path=known,
            root=run.manifest.facts.root,
            ancestors=ancestors,
            descendants=descendants,
            same_bytes=tuple(sorted(graph.hashes.holders(known))),
            not_seen=(
                *sorted(walker.not_followed),
                *_not_seen(graph, floor, (*ancestors, *descendants)),
            ),
        )


def _as_told(run: RunView, path: str) -> Lineage:
    """The lineage that commands and scripts tell of."""
    names = told_names(run)
    meant = [name for name in names if same(name, path)] or [
        name for name in names if name.endswith(f"/{path}")
    ]
    known = path if path in names else meant[0] if meant else None
    if known is None:
        by_name = {posixpath.basename(name.rstrip("/")): name for name in names}
        near = [by_name[name] for name in get_close_matches(posixpath.basename(path), by_name, n=_NEAR)]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise BadInput(f"{path}: no command of {run.manifest.run_id} names it{hint}")
    return Lineage(
        run_id=run.manifest.run_id,
        path=known,
        root=run.manifest.facts.root,
        ancestors=told_ancestors(run, known),
        descendants=told_descendants(run, known),
        same_bytes=(),
        not_seen=(NO_WITNESS,),
    )


def find_path(run: RunView, path: str) -> str:
    """The recorded path that a user means; raises :class:`BadInput` with near matches for an unknown one."""
    root = run.manifest.facts.root or "/"
    wanted = posixpath.normpath(posixpath.join(root, path)) if ":[" not in path else path
    if _is_known(run, wanted):
        return wanted
    base = re.escape(posixpath.basename(wanted))
    ending = [text for text in run.texts(f"/{base}$") if text.endswith(f"/{path.lstrip('./')}")]
    if len(ending) == 1 and _is_known(run, ending[0]):
        return ending[0]
    near = ending or _near(run, wanted)
    hint = (
        f"; did you mean {' or '.join(near[:_NEAR])}?" if near else "; `ptb sql` lists the paths of `files`"
    )
    raise BadInput(f"{path}: no process of {run.manifest.run_id} read, wrote or renamed it{hint}")


def _is_known(run: RunView, path: str) -> bool:
    if not run.texts(f"^{re.escape(path)}$"):
        return False
    named = run.query(
        f"SELECT 1 FROM files WHERE path2 = {text_literal(path)} UNION ALL"
        f" SELECT 1 FROM file_versions WHERE path = {text_literal(path)} LIMIT 1"
    )
    return bool(named) or bool(uses_of(run, [path]))


def _near(run: RunView, wanted: str) -> list[str]:
    """Recorded paths whose last name is like that of ``wanted``."""
    by_name: dict[str, str] = {}
    for text in run.texts(r"^/[^\n]*$")[:_MOST_COMPARED]:
        by_name.setdefault(posixpath.basename(text), text)
    return [by_name[name] for name in get_close_matches(posixpath.basename(wanted), by_name, n=_NEAR)]


def _not_seen(graph: Graph, floor: Certainty, links: Iterable[Link]) -> list[str]:
    told = []
    if not graph.sees_pipes:
        told.append("what went through pipes and sockets: this witness did not record it")
    if not graph.names.complete:
        told.append("some changes of names: there were more than can be followed")
    if graph.kin.crowded:
        told.append(
            f"what {counted(len(graph.kin.crowded), 'process', 'processes')} that started a thousand others and more passed on"
        )
    weak = sum(not at_least(link.certainty, floor) for link in links)
    if weak:
        told.append(
            f"what lies behind {counted(weak, 'link that is only possible', 'links that are only possible')}"
        )
    return told
