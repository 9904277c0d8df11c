"""The files of a model's folder, opened with care: an agent made it, and may have made it for its reader."""

import os
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from store.errors import BadInput
from store.jsonio import loads

_MAX_JSON = 64 << 20
"""The largest tokenizer.json of a base model in the catalog (Gemma's) has 33 MB."""
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_INDEX = "model.safetensors.index.json"
_WHOLE = "model.safetensors"
_ADAPTER = "adapter_model.safetensors"


class Links(Enum):
    """Where symbolic links of a folder may lead."""

    INSIDE = "inside"
    """Nowhere else: what an agent left."""
    ANYWHERE = "anywhere"
    """A snapshot of the hub's cache is made of links."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder with ``config.json`` and weights."""

    path: Path
    links: Links

    def open(self, name: str) -> int:
        """A descriptor for a regular file of the folder; raises :class:`BadInput` for anything else."""
        path = self.path / name
        if Path(name).name != name:
            raise BadInput(f"{self.path} names {name!r} as a file of its own: not a plain file name")
        try:
            real = path.resolve(strict=True)
            if self.links is Links.INSIDE and not real.is_relative_to(self.path.resolve()):
                raise BadInput(f"{path} is a link out of the folder: it is not followed")
            descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "a circle of links"
            raise BadInput(f"{path} cannot be read: {reason}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BadInput(f"{path} is no regular file")
        return descriptor

    def json(self, name: str) -> object:
        """A JSON file; None where it is not there. Raises :class:`BadInput` for one that is none."""
        if not os.path.lexists(self.path / name):
            return None
        with os.fdopen(self.open(name), "rb") as file:
            data = file.read(_MAX_JSON + 1)
        if len(data) > _MAX_JSON:
            raise BadInput(f"{self.path / name} is larger than {_MAX_JSON >> 20} MiB")
        try:
            return loads(data)
        except ValueError as error:
            raise BadInput(f"{self.path / name} is no JSON: {error}") from error

    def shards(self) -> list[str]:
        """The safetensors files that a loader would take.

        Raises :class:`BadInput` where there are none, and says what is there instead.
        """
        try:
            names = sorted(entry.name for entry in self.path.iterdir())
        except OSError as error:
            raise BadInput(f"{self.path} is no folder that can be read: {error.strerror}") from error
        if _WHOLE in names:
            return [_WHOLE]
        if _INDEX in names:
            return self._indexed()
        found = [name for name in names if name.endswith(".safetensors") and name != _ADAPTER]
        if found:
            return found
        if _ADAPTER in names:
            raise BadInput(f"{self.path} holds an adapter without its base model; merge it first")
        pickled = next((name for name in names if name.endswith(_PICKLES)), None)
        if pickled:
            raise BadInput(
                f"{self.path} has its weights in {pickled}, a pickle, which runs code when it is read:"
                " only safetensors are read"
            )
        raise BadInput(f"{self.path} holds no *.safetensors")

    def _indexed(self) -> list[str]:
        index = self.json(_INDEX)
        shards = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(shards, dict) or not shards:
            raise BadInput(f"{self.path / _INDEX} has no weight_map")
        return sorted({str(name) for name in shards.values()})
