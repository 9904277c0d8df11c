"""Names of runs: ``[a-z0-9-]{1,80}``, sortable by start, unique without a registry.

A recorded run is named by its UTC start, a slug and 40 random bits. An imported run is named by a slug and the
hash of its content, so that importing the same folder twice gives the same run.
"""

import re
import secrets
import unicodedata
from datetime import UTC, datetime

from store.errors import BadInput

RUN_ID = re.compile(r"[a-z0-9-]{1,80}")
_LONGEST_SLUG = 48
_IMPORT_HASH_CHARS = 16


def new_run_id(started_at: int, name: str) -> str:
    """An id for a run that starts at ``started_at`` (ns, UTC): ``20260403t174639-claude-healthbench-3f9a01c27d``."""
    moment = datetime.fromtimestamp(started_at / 1e9, UTC)
    return f"{moment:%Y%m%dt%H%M%S}-{slug(name)}-{secrets.token_hex(5)}"


def imported_run_id(name: str, content_sha256: str) -> str:
    """The id of an import: its slug and the first 64 bits of the hash over what was imported."""
    return f"{slug(name)}-{content_sha256[:_IMPORT_HASH_CHARS].lower()}"


def slug(text: str) -> str:
    """``text`` reduced to ``[a-z0-9-]``, at most 48 characters, never empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:_LONGEST_SLUG].strip("-") or "run"


def check_run_id(text: str) -> str:
    """``text`` if it is a run id; raises :class:`BadInput` otherwise."""
    if not RUN_ID.fullmatch(text):
        raise BadInput(f"{text!r} is no run id: use 1 to 80 of a-z, 0-9 and -")
    return text
