"""The runs at hand: a folder of run folders, listed by their manifests alone, and how RUN on the command line finds one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from store.damage import damaged_segments
from store.errors import BadInput, PtbError, UnknownRun
from store.manifest import MANIFEST, Manifest
from store.manifest_file import read_manifest

_NAMED_IN_ERRORS = 5


def runs_folder() -> Path:
    """``$PTB_RUNS``, or ``runs`` in the platform's user data folder."""
    chosen = os.environ.get("PTB_RUNS")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("ptb", appauthor=False) / "runs"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run folder, whether or not its manifest can be read."""

    run_id: str
    """As the manifest says; the folder's name where there is no readable manifest."""
    folder: Path
    manifest: Manifest | None
    error: str | None
    """Why there is no manifest; None when there is one."""

    @property
    def state(self) -> str:
        """What its last writer said, ``damaged`` where sealed files are missing or cut, ``broken`` without a manifest.

        Looks at the size of every sealed file.
        """
        if self.manifest is None:
            return "broken"
        return "damaged" if damaged_segments(self.folder, self.manifest) else self.manifest.state.value


def list_runs(folder: Path | None = None) -> list[RunEntry]:
    """The runs directly under ``folder`` (default: :func:`runs_folder`), oldest first, those without a clock last.

    Copies of one run stand by the names of their folders. A run whose manifest is damaged, or of a newer
    format, is listed with its error. A missing folder holds no runs. Raises :class:`BadInput` where ``folder``
    cannot be listed.
    """
    where = folder or runs_folder()
    try:
        with os.scandir(where) as entries:
            folders = [
                Path(e.path) for e in entries if e.is_dir() and os.path.lexists(Path(e.path, MANIFEST))
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(
            f"{where} cannot be listed: {error.strerror}; set PTB_RUNS to a folder of runs"
        ) from error
    return sorted(map(entry_of, folders), key=_age)


def entry_of(folder: Path) -> RunEntry:
    """The run in ``folder``, with its error where its manifest cannot be read."""
    try:
        return _readable(folder)
    except PtbError as error:
        return RunEntry(folder.name, folder, None, str(error))


def find_run(name: str, folder: Path | None = None) -> RunEntry:
    """The run that ``name`` (an id, a unique beginning of one, or a path) means.

    Raises :class:`UnknownRun` when none or several answer, and the manifest's own error when the run is there
    but cannot be read.
    """
    where = folder or runs_folder()
    if _is_path(name) or not (where / name / MANIFEST).exists():
        path = Path(name).expanduser()
        if _is_path(name) or (path / MANIFEST).exists():
            return _readable(path)
        return _by_beginning(name, where)
    return _readable(where / name)


def find_runs(names: Sequence[str], folder: Path | None = None) -> list[RunEntry]:
    """The runs that ``names`` mean, in that order, each once."""
    found = {entry.folder.resolve(): entry for entry in (find_run(name, folder) for name in names)}
    return list(found.values())


def _by_beginning(name: str, where: Path) -> RunEntry:
    entries = list_runs(where)
    matches = [e for e in entries if e.run_id == name] or [e for e in entries if e.run_id.startswith(name)]
    if len(matches) == 1:
        return _readable(matches[0].folder)
    if matches:
        raise UnknownRun(f"{name!r} is the beginning of {_names(matches)}; give more of the id")
    if not entries:
        raise UnknownRun(f"no run {name!r}: {where} holds no runs yet; `ptb demo` records one")
    raise UnknownRun(f"no run {name!r} in {where}; the latest are {_names(entries[::-1])}")


def _names(entries: Sequence[RunEntry]) -> str:
    listed = ", ".join(entry.run_id for entry in entries[:_NAMED_IN_ERRORS])
    more = len(entries) - _NAMED_IN_ERRORS
    return f"{listed} and {more} more" if more > 0 else listed


def _is_path(name: str) -> bool:
    return (
        name in (".", "..") or os.sep in name or bool(os.altsep and os.altsep in name) or name.startswith("~")
    )


def _readable(folder: Path) -> RunEntry:
    manifest = read_manifest(folder)
    return RunEntry(manifest.run_id, folder, manifest, None)


def _age(entry: RunEntry) -> tuple[bool, int, str, str]:
    started_at = entry.manifest.started_at if entry.manifest else None
    return started_at is None, started_at or 0, entry.run_id, entry.folder.name
