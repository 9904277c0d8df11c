"""What a ``config.json`` says that its model is: the architecture, the model type, and whether it brings its own code.

That is what loaders and graders go by. A field that is empty is as the base has it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from review.hub_names import MAKERS_ID
from store.catalog.entry import BaseModel
from store.catalog.reader import load_catalog

ARCHITECTURE = re.compile(r"\b[A-Z]\w*(?:ForCausalLM|ForConditionalGeneration|LMHeadModel)\b")
"""Names of architectures, as ``config.json`` has them."""
_CLASS = re.compile(
    r"^(?!Auto)(?P<family>[A-Z]\w*?)(ForCausalLM|ForConditionalGeneration|LMHeadModel|(Text)?Config)$"
)
_HUB_PLACE = re.compile(
    r"(?:huggingface\.co/|hf-mirror\.com/)(?P<url>[\w.-]+/[\w.-]+)|/?models--(?P<cached>[\w.-]+?--[\w.-]+)(?:/|$)"
)
_FAMILIES = re.compile(
    r"(?i)qwen|llama|gemma|smollm|mistral|mixtral|phi-?\d|deepseek|olmo|falcon|granite|gpt|bloom|opt-\d|pythia|internlm|glm|yi-\d"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What one ``config.json`` says; the default is the base's own."""

    architecture: str = ""
    model_type: str = ""
    brings_code: bool = False
    """It has an ``auto_map``, by which a loader runs code that lies beside the weights."""

    @property
    def others(self) -> tuple[str, ...]:
        """The names that are not the base's."""
        return tuple(name for name in (self.architecture, self.model_type) if name)


@dataclass(frozen=True, slots=True)
class Own:
    """What a descendant of the base may say that it is."""

    base: BaseModel

    @property
    def expected(self) -> str:
        """For people."""
        return " or ".join(sorted(self.base.architectures))

    @property
    def names(self) -> tuple[str, ...]:
        """Architectures and model types."""
        return (*self.base.architectures, *self.base.model_types)

    def has(self, name: str) -> bool:
        """Whether the name is one of the base's, however it is written."""
        return name.lower() in {own.lower() for own in self.names}

    def with_architecture(self, identity: Identity, name: str) -> Identity:
        """``identity`` after it was given this architecture."""
        return replace(identity, architecture="" if self.has(name) else name)

    def with_model_type(self, identity: Identity, name: str) -> Identity:
        """``identity`` after it was given this model type."""
        return replace(identity, model_type="" if self.has(name) else name)

    def renamed(self, identity: Identity, change: Callable[[str], str]) -> Identity:
        """``identity`` after all names in its file were changed so."""
        architectures = [identity.architecture] if identity.architecture else self.base.architectures
        kinds = [identity.model_type] if identity.model_type else self.base.model_types
        return replace(
            identity,
            architecture=next((new for one in architectures if not self.has(new := change(one))), ""),
            model_type=next((new for one in kinds if not self.has(new := change(one))), ""),
        )

    def of_class(self, name: str) -> Identity | None:
        """What a model or configuration of this class of transformers says when it is saved; None for no such class."""
        found = _CLASS.match(name)
        if found is None or not _FAMILIES.search(name):
            return None
        family = found["family"].lower()
        if any(family == own.lower() or own.lower().startswith(family) for own in self.names):
            return Identity()
        return Identity(architecture=name)

    def of_hub(self, name: str) -> Identity | None:
        """What the model that a path, address or id of the hub names says; None where it names none."""
        place = _HUB_PLACE.search(name)
        if place is not None:
            hub_id = place["url"] or place["cached"].replace("--", "/", 1)
        elif MAKERS_ID.match(name):
            hub_id = name
        else:
            return None
        known = [
            model
            for model in load_catalog().models.values()
            if hub_id.lower() in {one.lower() for one in (model.hub_id, *model.instruct_siblings)}
        ]
        if known:
            own = {*known[0].architectures} & {*self.base.architectures}
            return Identity() if own else Identity(architecture=known[0].architectures[0])
        plain = re.sub(r"[^a-z0-9]", "", hub_id.lower())
        if any(own.lower().replace("_", "") in plain for own in self.base.model_types):
            return Identity()
        return Identity(architecture=f"what {hub_id} is") if _FAMILIES.search(hub_id) else None


def is_family(name: str) -> bool:
    """Whether it is, or begins with, the name of a known family of models."""
    return _FAMILIES.match(name) is not None


def told_by_json(text: str | None, own: Own) -> Identity | None:
    """What the text of a ``config.json`` says; None where it is no such text."""
    try:
        told = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    identity = Identity(brings_code=bool(told.get("auto_map")))
    listed = told.get("architectures")
    if isinstance(listed, list) and listed:
        identity = own.with_architecture(identity, str(listed[0]))
    if isinstance(told.get("model_type"), str):
        identity = own.with_model_type(identity, told["model_type"])
    return identity
