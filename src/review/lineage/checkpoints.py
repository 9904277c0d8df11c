"""Which model a folder of weights is: by the hub's cache, by its name, by its config where that was recorded."""

import json
import posixpath
import re
from dataclasses import dataclass

from review.detector import RunView
from review.lineage.made_from import Relation
from review.sql_literals import text_list
from store.catalog.entry import BaseModel
from store.catalog.reader import load_catalog
from store.errors import BadInput

_HUB = re.compile(r"/models--(?P<owner>[^/]+?)--(?P<name>[^/]+)/")
_SNAPSHOT = re.compile(r"(?P<folder>.*/models--[^/]+)/(snapshots|blobs|refs)/")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a folder of weights is thought to be."""

    model: str | None
    relation: Relation
    how_known: str


def checkpoint_folder(path: str) -> str:
    """The folder that stands for the checkpoint which a file belongs to."""
    cached = _SNAPSHOT.match(path)
    return cached["folder"] if cached else posixpath.dirname(path)


def in_hub_cache(path: str) -> bool:
    """Whether a file is a download of a model of the hub."""
    return _HUB.search(path) is not None


def identify(run: RunView, folder: str) -> Identity:
    """Which model the weights in ``folder`` are."""
    base = _base(run)
    cached = _HUB.search(folder + "/")
    if cached:
        model = f"{cached['owner']}/{cached['name']}"
        return Identity(model, _relation(model, base), "the hub's cache names it")
    named = _by_name(folder)
    if named:
        return Identity(named, _relation(named, base), "its folder has the model's name")
    told = _config(run, folder)
    if told is None:
        return Identity(None, Relation.UNKNOWN, "neither its path nor a recorded config.json says what it is")
    architecture, source = told
    if source and "/" in source and not source.startswith(("/", ".")):
        return Identity(source, _relation(source, base), "its config.json names it")
    return Identity(None, Relation.UNKNOWN, f"its config.json says {architecture}")


def _base(run: RunView) -> BaseModel | None:
    name = run.manifest.facts.base_model
    try:
        return load_catalog().model(name) if name else None
    except BadInput:
        return None


def _relation(model: str, base: BaseModel | None) -> Relation:
    if base is None:
        return Relation.UNKNOWN
    lower = model.lower()
    if lower == base.hub_id.lower():
        return Relation.BASE
    siblings = {sibling.lower() for sibling in base.instruct_siblings}
    return Relation.INSTRUCT if lower in siblings else Relation.OTHER


def _by_name(folder: str) -> str | None:
    """The hub id of a known model that one of the folder's last two names is."""
    known = {}
    for model in load_catalog().models.values():
        for hub_id in (model.hub_id, *model.instruct_siblings):
            known[posixpath.basename(hub_id).lower()] = hub_id
    names = folder.lower().rsplit("/", 2)[1:]
    return next((known[name] for name in reversed(names) if name in known), None)


def _config(run: RunView, folder: str) -> tuple[str, str | None] | None:
    """Architecture and origin as the folder's ``config.json`` tells them; None where it was not recorded."""
    rows = run.query(
        "SELECT text FROM file_versions WHERE text IS NOT NULL"
        f" AND path IN {text_list([posixpath.join(folder, 'config.json')])} ORDER BY seq DESC LIMIT 1"
    )
    try:
        config = json.loads(rows[0][0]) if rows else None
    except ValueError:
        return None
    if not isinstance(config, dict):
        return None
    names = config.get("architectures")
    architecture = names[0] if isinstance(names, list) and names else config.get("model_type")
    source = config.get("_name_or_path")
    return str(architecture), source if isinstance(source, str) else None
