"""What people, detectors and scoring add to a run after it was recorded: one JSON file a record, never changed.

Records lie under ``review/KIND/ID.HASH.json`` (scoring attempts: ``scores/ID.HASH.json``) in the run folder; where
that cannot be written, under the same names in the user's state folder, by run id. HASH is the beginning of the
SHA-256 of the file's bytes. So two reviewers never write the same file, the folders of several machines merge by
copying, the same record written twice is one file, and an edited record gives itself away. Neither folder is part of
``recording_hash``.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from store.decode import decode
from store.durable import explain, replace_file
from store.errors import StoreFailed
from store.ids import check_run_id
from store.jsonio import dumps, loads

FOLDER = "review"
SCORES = "scores"
_HASH_CHARS = 16
_NAME = re.compile(rf"(?P<id>[A-Za-z0-9_-]{{1,120}})\.(?P<hash>[0-9a-f]{{{_HASH_CHARS}}})\.json")
T = TypeVar("T")

_TAKES_NOTHING = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}


class RecordKind(StrEnum):
    """The folders under ``review/``, and ``scores/`` beside it."""

    FINDINGS = "findings"
    DECISIONS = "decisions"
    """What a person says of a finding: accepted, rejected, open again."""
    SCANS = "scans"
    """What one run of the detectors looked at and how a profile ruled on what they found."""
    MARKS = "marks"
    VERDICTS = "verdicts"
    ASSIGNMENTS = "assignments"
    """Who was asked to decide on the run."""
    WEIGHT_CHECKS = "weight_checks"
    """Whose weights a model has."""
    SCORES = "scores"
    """Attempts to score the model; in a folder of their own."""

    @property
    def place(self) -> tuple[str, ...]:
        """Names of the folders that lead to it."""
        return (SCORES,) if self is RecordKind.SCORES else (FOLDER, self.value)


@dataclass(frozen=True, slots=True)
class Problem:
    """A review file that cannot be used; told to the user, never dropped in silence."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """The review records of one run, wherever they lie."""

    run_folder: Path
    run_id: str

    def records(self, kind: RecordKind, record: type[T]) -> tuple[list[T], list[Problem]]:
        """All records of ``kind``, by file name, and the files that cannot be read or were edited."""
        records: list[T] = []
        files, problems = self._files(kind)
        for path in files:
            try:
                records.append(decode(record, _read(path), kind))
            except (OSError, ValueError) as error:
                problems.append(Problem(path, str(error)))
        return records, problems

    def problems(self) -> list[Problem]:
        """The files of every kind that cannot be read or were edited since."""
        found: list[Problem] = []
        for kind in RecordKind:
            files, problems = self._files(kind)
            found += problems
            for path in files:
                try:
                    _read(path)
                except (OSError, ValueError) as error:
                    found.append(Problem(path, str(error)))
        return found

    def append(self, kind: RecordKind, record_id: str, record: object) -> Path:
        """Write one record and return its file, which lies in the state folder where the run takes none.

        Raises :class:`StoreFailed` when neither place takes it.
        """
        data = dumps(record)
        name = f"{record_id}.{_fingerprint(data)}.json"
        if not _NAME.fullmatch(name):
            raise ValueError(f"{record_id!r} cannot name a review record")
        places = self.places(*kind.place)
        for folder in places:
            if os.path.exists(folder / name):  # false, not an error, where one may not look
                return folder / name
        return self.write(name, data, *kind.place)

    def places(self, top: str, *below: str) -> tuple[Path, Path]:
        """A folder of this kind in the run, and its stand-in in the user's state folder."""
        in_state = state_folder() / top / check_run_id(self.run_id)
        return self.run_folder.joinpath(top, *below), in_state.joinpath(*below)

    def write(self, name: str, data: bytes, top: str, *below: str) -> Path:
        """Put ``data`` at ``name`` in one step in the first of :meth:`places` that takes it.

        Raises :class:`StoreFailed` when neither does.
        """
        _refuse_without(self.run_folder)
        in_run, in_state = self.places(top, *below)
        try:
            return _write(in_run / name, data)
        except StoreFailed as failure:
            cause = failure.__cause__
            if not (isinstance(cause, OSError) and cause.errno in _TAKES_NOTHING):
                raise
        try:
            return _write(in_state / name, data)
        except StoreFailed as failure:
            raise StoreFailed(f"{failure}; {in_run} takes nothing either") from failure.__cause__

    def is_in_state_folder(self, path: Path) -> bool:
        """Whether ``path`` had to be written beside the run instead of in it."""
        return path.is_relative_to(state_folder())

    def _files(self, kind: RecordKind) -> tuple[list[Path], list[Problem]]:
        """One file a name, by name, the run's own where it is in both places; and the folders that cannot be listed."""
        files: dict[str, Path] = {}
        problems: list[Problem] = []
        for base in self.places(*kind.place)[::-1]:
            try:
                files |= {path.name: path for path in _files(base)}
            except OSError as error:
                problems.append(Problem(base, str(error)))
        return [path for _, path in sorted(files.items())], problems


def state_folder() -> Path:
    """Where this user's ptb keeps what belongs to no run folder."""
    from platformdirs import user_state_path

    return user_state_path("ptb", appauthor=False)


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if path.suffix == ".json" and path.name[0] != ".")
    except (FileNotFoundError, NotADirectoryError):
        return


def _refuse_without(run_folder: Path) -> None:
    """A run that was moved away is never begun anew: what was kept there would lie in no run."""
    try:
        run_folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreFailed(f"the run folder {run_folder} is gone: put it back; nothing was written") from None
    except OSError:
        return  # what is wrong with it is said where it is written


def _read(path: Path) -> object:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ValueError("no name that ptb gives")
    raw = path.read_bytes()
    if _fingerprint(raw) != match["hash"]:
        raise ValueError("changed after it was written")
    return loads(raw)


def _write(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, path.parent) from error
    replace_file(path, data)
    return path


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_CHARS]
