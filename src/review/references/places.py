"""The data files that a path on the command line means: a file, a folder, a part of the hub's cache, a package.

Links are followed only where they stay inside what was named; the hub's cache links its snapshots to the blobs of the
same repository, which counts as inside.
"""

import os
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

from review.references.tables import LARGEST, is_table
from store.catalog.entry import Benchmark
from store.errors import BadInput

_MOST_FILES = 2_000
_SPLIT = re.compile(r"(?:^|[-_/.])(train|test|validation|valid|dev)(?=[-_/.]|$)")
_REVISION = re.compile(r"(?:^|/)snapshots/([0-9a-f]{7,64})(?:/|$)")
_REPOSITORY = re.compile(r"(?:^|/)datasets--([^/]+?)--([^/]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file with rows, read into memory."""

    name: str
    """Relative to what was named."""
    data: bytes
    split: str | None
    """As its name tells."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a path on the command line means."""

    source: str
    """For people: the path, the hub id, or the package with its version."""
    revision: str | None
    """The hub's commit or the package's version; None where neither is known."""
    files: tuple[DataFile, ...]


def find(benchmark: Benchmark, name: str) -> Place:
    """The data files of ``benchmark`` at ``name``: a path, or the name of an installed package.

    Raises :class:`BadInput` where there is nothing to read.
    """
    path = Path(name).expanduser()
    if path.suffix == ".whl" and path.is_file():
        return _wheel(benchmark, path)
    if path.exists():
        return _on_disk(benchmark, path)
    try:
        return _package(benchmark, metadata.distribution(name))
    except (metadata.PackageNotFoundError, ValueError):
        raise BadInput(f"{name} is no file, no folder and no installed package") from None


def _on_disk(benchmark: Benchmark, path: Path) -> Place:
    real = path.resolve()
    # As named, not as resolved: the hub's snapshots are links, and only their own path tells repository and revision.
    told = Path(os.path.abspath(path)).as_posix()
    repository, revision = _REPOSITORY.search(told), _REVISION.search(told)
    source = f"{repository[1]}/{repository[2]}" if repository else str(real)
    if path.is_file():
        within = told[repository.start() :] if repository else path.name
        return Place(source, revision and revision[1], (_file(path, path.name, within),))
    root = _repository_folder(path) or real
    chosen = _chosen(benchmark, [entry for entry in _walk(path) if is_table(entry)])
    if not chosen:
        raise BadInput(f"{path} holds no JSON, CSV, Parquet or Arrow file")
    revisions = {found[1] for entry in chosen if (found := _REVISION.search(entry))}
    files = []
    for entry in chosen:
        if not (path / entry).resolve().is_relative_to(root):
            raise BadInput(f"{path / entry} leads out of {root}: name the file itself if it is meant")
        files.append(_file(path / entry, entry, entry))
    named = revision[1] if revision else next(iter(revisions)) if len(revisions) == 1 else None
    return Place(source, named, tuple(files))


def _repository_folder(path: Path) -> Path | None:
    """The folder of the hub's cache that holds blobs and snapshots of what ``path`` is a part of."""
    absolute = Path(os.path.abspath(path))
    folders = (folder for folder in (absolute, *absolute.parents) if _REPOSITORY.match(folder.name))
    return next((folder.resolve() for folder in folders), None)


def _walk(folder: Path) -> list[str]:
    found = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        folders[:] = [name for name in folders if name not in (".git", "blobs", "__pycache__")]
        found += [Path(base, name).relative_to(folder).as_posix() for name in sorted(names)]
        if len(found) > _MOST_FILES:
            raise BadInput(f"{folder} holds more than {_MOST_FILES:,} files: name the one with the items")
    return found


def _chosen(benchmark: Benchmark, names: list[str]) -> list[str]:
    """The files of the configuration that the benchmark evaluates, where names tell; else all."""
    for config in (data.config for data in benchmark.data if data.config):
        of_config = [name for name in names if config.lower() in re.split(r"[/.]", name.lower())]
        of_config = of_config or [name for name in names if config.lower() in name.lower()]
        if of_config:
            return of_config
    return names


def _file(path: Path, name: str, told: str) -> DataFile:
    if not is_table(name):
        raise BadInput(f"{path} is no JSON, CSV, Parquet or Arrow file (by its name)")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{path} is no regular file")
            if status.st_size > LARGEST:
                raise BadInput(f"{path} is larger than {LARGEST >> 20} MiB: give the part with the items")
            return DataFile(name, file.read(LARGEST), _split(told))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def _split(name: str) -> str | None:
    """The split that the last part of a path names which names one."""
    found = _SPLIT.findall(name.lower())
    return found[-1] if found else None


def _package(benchmark: Benchmark, package: metadata.Distribution) -> Place:
    names = {str(file): file for file in package.files or () if is_table(str(file))}
    chosen = _chosen(benchmark, _of_catalog(benchmark, package.metadata["Name"], list(names)))
    if not chosen:
        raise BadInput(f"the package {package.metadata['Name']} ships no JSON, CSV, Parquet or Arrow file")
    root = Path(str(package.locate_file(""))).resolve()
    files = []
    for name in chosen:
        path = Path(str(package.locate_file(names[name])))
        if not path.resolve().is_relative_to(root):
            raise BadInput(f"{path} leads out of {root}")
        files.append(_file(path, name, name))
    return Place(f"{package.metadata['Name']} {package.version}", package.version, tuple(files))


def _wheel(benchmark: Benchmark, path: Path) -> Place:
    package, version = (*path.name.split("-"), "?")[:2]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if is_table(info.filename)]
            chosen = _chosen(benchmark, _of_catalog(benchmark, package, names))
            files = tuple(_members(path, archive, chosen))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    if not files:
        raise BadInput(f"{path} ships no JSON, CSV, Parquet or Arrow file")
    return Place(f"{package} {version}", version, files)


def _members(path: Path, archive: zipfile.ZipFile, names: list[str]) -> Iterator[DataFile]:
    for name in names:
        with archive.open(name) as member:
            data = member.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BadInput(f"{name} in {path} is larger than {LARGEST >> 20} MiB")
        yield DataFile(name, data, _split(name))


def _of_catalog(benchmark: Benchmark, package: str, names: list[str]) -> list[str]:
    """The package's files that hold the benchmark's items as the catalog tells; else all."""
    wanted = re.sub(r"[-_.]+", "-", package).lower()
    globs = [glob for one in benchmark.packages if one.package == wanted for glob in one.files]
    matching = [name for name in names if any(PurePosixPath(name).match(glob) for glob in globs)]
    return matching or names
