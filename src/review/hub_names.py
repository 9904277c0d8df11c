"""Names of the Hugging Face hub as they stand in code, in caches and in paths."""

import re
from collections.abc import Iterable

_DISTINCT = 12
"""Characters from which on the last part of an id is told by itself, as a folder or a file name."""

_MAKERS = (
    "Qwen|google|HuggingFaceTB|meta-llama|mistralai|microsoft|deepseek-ai|allenai|nvidia|unsloth|NousResearch|tiiuae|openai|"
    "EleutherAI|01-ai|THUDM|zai-org|ibm-granite|CohereLabs|internlm|open-thoughts|agentica-org|Skywork|bigscience|bigcode"
)
MAKERS_ID = re.compile(rf"^({_MAKERS})/[\w.-]+$")
"""Ids of the hub under well-known makers of models, which no folder of a run is called like."""


def hub_pattern(hub_ids: Iterable[str]) -> str | None:
    """A regular expression (RE2, case ignored) for names of these repositories; None for none.

    ``org/name`` in code and URLs, ``org--name`` in the hub's cache, ``org___name`` in the one of ``datasets``; a
    long name by itself, too. What goes on after the name (``-Base`` after ``Qwen3-4B``) is another repository.
    """
    told = [_one(hub_id) for hub_id in hub_ids]
    return f"(?i)({'|'.join(told)})" if told else None


def _one(hub_id: str) -> str:
    organisation, _, name = hub_id.partition("/")
    end = r"([^\w.-]|[.-]?$|\.\w+$)"
    whole = rf"{re.escape(organisation)}(/|--|___){re.escape(name)}{end}"
    return rf"{whole}|(^|[/_ ]){re.escape(name)}([^a-z0-9-]|-v?[0-9]|$)" if len(name) >= _DISTINCT else whole
