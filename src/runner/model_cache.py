"""A Hugging Face cache as it lies on disk: where a model's files are, without asking the hub.

The layout is huggingface_hub's: ``hub/models--ORGANISATION--NAME`` with ``refs/main`` and ``snapshots/REVISION``.
"""

from pathlib import Path


def find_model(cache: Path, hub_id: str) -> Path | None:
    """The snapshot that ``main`` names, else the only one; None where the cache does not hold the model."""
    folder = cache / "hub" / f"models--{hub_id.replace('/', '--')}"
    snapshots = sorted(folder.glob("snapshots/*"))
    try:
        named = folder / "snapshots" / (folder / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        named = None
    if named in snapshots:
        return named
    return snapshots[0] if len(snapshots) == 1 else None
