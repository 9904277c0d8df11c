"""Reading and writing ``run.json``; the JSON mirrors :class:`store.manifest.Manifest` field by field."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson

from store.durable import replace_file
from store.errors import BadInput, Damaged, NewerSchema
from store.manifest import MANIFEST, Facts, Manifest, Segment, SourceInfo, State
from store.version import MAJOR


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the run in ``folder``.

    Raises :class:`BadInput` when the folder is no run, :class:`NewerSchema` when a newer ptb wrote it, and
    :class:`Damaged` when the file is there but says nothing sensible.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        what = "is no run: it has no run.json" if folder.is_dir() else "does not exist"
        raise BadInput(f"{folder} {what}; `ptb ls` lists the runs here") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    return decode(raw, path)


def decode(raw: bytes, path: Path) -> Manifest:
    """Parse the bytes of ``run.json``; ``path`` is for the messages only."""
    try:
        data: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Damaged(f"{path} is not JSON ({error}): restore it from a copy of the run") from None
    if not isinstance(data, dict):
        raise Damaged(f"{path} holds no JSON object: restore it from a copy of the run")
    major = data.get("major")
    if isinstance(major, int) and major > MAJOR:
        raise NewerSchema(
            f"{path} has run format {major}, this ptb reads up to {MAJOR}: upgrade ptb to open this run"
        )
    try:
        return Manifest(
            run_id=str(data["run_id"]),
            major=int(data["major"]),
            minor=int(data["minor"]),
            state=State(data["state"]),
            generation=int(data["generation"]),
            started_at=data["started_at"],
            ended_at=data.get("ended_at"),
            next_seq=int(data["next_seq"]),
            facts=Facts(**_known(Facts, data["facts"])),
            sources=tuple(SourceInfo(**_known(SourceInfo, s)) for s in data["sources"]),
            segments=tuple(Segment(**_known(Segment, s)) for s in data["segments"]),
            logs=tuple(str(name) for name in data["logs"]),
            recording_hash=data.get("recording_hash"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{path} lacks or misstates {error}: restore it from a copy of the run") from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace ``run.json`` in one durable step."""
    replace_file(folder / MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2) + b"\n")


def _known(record: type[Facts | SourceInfo | Segment], data: dict[str, Any]) -> dict[str, Any]:
    """The entries of ``data`` that ``record`` has; a newer minor version may have written more."""
    names = {field.name for field in fields(record)}
    return {key: value for key, value in data.items() if key in names}
