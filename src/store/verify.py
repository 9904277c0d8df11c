"""Does what is on the disk agree with the chain? Finds and locates changed, missing and reordered parts.

Agreement makes a recording *consistent*. It is not *authentic* without a signature or a head noted elsewhere, and
never *complete*: what was not recorded leaves no trace here, only in ``gaps``.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from store.chain import CHAIN, START, Entry, Part, SealedSegment, live_segments, read_chain, recording_hash
from store.counting import counted, noun
from store.errors import Damaged
from store.manifest import MANIFEST, Manifest, State
from store.parquet import FOLDER as SEGMENTS
from store.parquet import mebibyte_hashes, read_segment
from store.rowhash import rows_hash
from store.schema import STRINGS
from store.signing import SIGNATURE, check_signature
from store.snapshot import Snapshot
from store.writer import blob_path, facts_hash


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree."""

    where: str
    """A file of the run, with line, MiB or rows where they are known."""
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """What verification looked at and found."""

    run_id: str
    head: str
    """The hash of the chain's last entry: note it elsewhere to prove later that nothing was exchanged."""
    recording_hash: str | None
    recording: bool
    """Still being recorded: what is in its log has not been sealed, so it was not looked at."""
    entries: int
    segments: int
    rows: int
    """Recorded rows; the interned strings they use are checked with them and not counted."""
    blobs: int
    problems: tuple[Problem, ...]
    signer: str | None = None
    """Kind and fingerprint of the key that signed the head; None unless a public key was given and is the one."""

    @property
    def consistent(self) -> bool:
        """Whether everything agrees."""
        return not self.problems


def verify(folder: Path, head: str | None = None, public_key: Path | None = None) -> Report:
    """Check every sealed row, segment, blob and chain entry of a run; ``head`` is a chain head noted earlier.

    With ``public_key`` the head must be signed by that key. Raises :class:`BadInput` when the folder is no run and :class:`Damaged` when its manifest says nothing sensible.
    """
    with Snapshot.open(folder) as snapshot:
        manifest = snapshot.manifest
        entries, torn = read_chain(folder)
        problems = [*_check_links(entries, torn), *_check_merges(entries)]
        sealed = live_segments(entries)
        for one in sealed:
            problems += _check_segment(folder, one)
        problems += _check_manifest(folder, manifest, entries, sealed)
        if head is not None and head not in {entry.hash for entry in entries}:
            problems.append(Problem(CHAIN, f"the head noted earlier, {head[:16]}…, is not in the chain"))
        signed = check_signature(folder, manifest.run_id, entries, public_key) if public_key else None
        if signed and signed.problem:
            problems.append(Problem(SIGNATURE, signed.problem))
        blobs, bad_blobs = _check_blobs(snapshot)
    return Report(
        run_id=manifest.run_id,
        head=entries[-1].hash if entries else START,
        recording_hash=manifest.recording_hash,
        recording=manifest.state is State.RECORDING,
        entries=len(entries),
        segments=len(sealed),
        rows=sum(one.segment.rows for one in sealed if one.segment.table != STRINGS),
        blobs=blobs,
        problems=(*problems, *bad_blobs),
        signer=signed.signer if signed else None,
    )


def _check_links(entries: list[Entry], torn: int | None) -> Iterator[Problem]:
    previous = START
    for line, entry in enumerate(entries, start=1):
        where = f"{CHAIN} line {line}"
        if entry.n != line - 1 or entry.prev != previous:
            yield Problem(where, "does not follow the entry before it: an entry was removed, added or moved")
        if entry.hash != entry.computed_hash():
            yield Problem(where, "its content does not match its hash: the entry was changed")
        previous = entry.hash
    if torn is not None:
        yield Problem(f"{CHAIN} line {torn}", "is no chain entry: the file was cut or overwritten here")


def _check_merges(entries: list[Entry]) -> Iterator[Problem]:
    """A merge must carry over exactly the parts of what it replaces."""
    live: dict[str, tuple[Part, ...]] = {}
    for line, entry in enumerate(entries, start=1):
        if entry.kind == "merge":
            carried = [part for one in entry.segments for part in one.parts]
            replaced = [part for file in entry.replaces for part in live.pop(file, ())]
            if carried != replaced:
                yield Problem(f"{CHAIN} line {line}", "the merge does not hold the rows of what it replaces")
        live.update({one.segment.file: one.parts for one in entry.segments})


def _check_segment(folder: Path, sealed: SealedSegment) -> Iterator[Problem]:
    file = sealed.segment.file
    path = folder / file
    try:
        found = mebibyte_hashes(path)
    except FileNotFoundError:
        rows = sealed.segment.rows
        lost = f"{counted(rows, 'row')} of {sealed.segment.table} {noun(rows, 'is', 'are')} lost"
        yield Problem(file, f"is missing: {lost}")
        return
    except OSError as error:
        yield Problem(file, f"cannot be read: {error.strerror}")
        return
    changed = [n for n, pair in enumerate(zip(found, sealed.mib, strict=False)) if pair[0] != pair[1]]
    if (size := path.stat().st_size) != sealed.segment.size:
        yield Problem(
            file, f"has {counted(size, 'byte')} instead of {sealed.segment.size}: it was cut or grew"
        )
    for mebibyte in changed:
        yield Problem(f"{file} MiB {mebibyte}", "its bytes were changed")
    yield from _check_rows(path, sealed)


def _check_rows(path: Path, sealed: SealedSegment) -> Iterator[Problem]:
    file = sealed.segment.file
    try:
        rows = read_segment(path, sealed.segment.table)
    except Damaged as error:
        yield Problem(file, f"does not decode: {error.__cause__ or error}".splitlines()[0])
        return
    start = 0
    for part in sealed.parts:
        if rows_hash(rows.slice(start, part.rows)) != part.hash:
            yield Problem(
                f"{file} rows {start} to {start + part.rows - 1}", "are not the rows that were sealed"
            )
        start += part.rows
    if start != rows.num_rows:
        yield Problem(file, f"has {counted(rows.num_rows, 'row')}, {counted(start, 'was', 'were')} sealed")


def _check_manifest(
    folder: Path, manifest: Manifest, entries: list[Entry], sealed: list[SealedSegment]
) -> Iterator[Problem]:
    names = {one.segment.file for one in sealed}
    if {segment.file for segment in manifest.segments} != names:
        yield Problem(MANIFEST, "its list of segments is not the chain's: one of the two was changed")
    if manifest.state is State.RECORDING:
        return
    merged_away = {file for entry in entries for file in entry.replaces}
    for path in sorted((folder / SEGMENTS).glob("*.parquet")):
        if f"{SEGMENTS}/{path.name}" not in names | merged_away:
            yield Problem(
                f"{SEGMENTS}/{path.name}", "is in no chain entry: it does not belong to the recording"
            )
    last = entries[-1] if entries else None
    if last is None or last.kind != "close":
        yield Problem(CHAIN, "does not end with the close of the recording: entries were removed")
        return
    if last.recording_hash != recording_hash(manifest.run_id, sealed):
        yield Problem(CHAIN, "the rows listed are not those that were pinned at the close")
    if last.recording_hash != manifest.recording_hash:
        yield Problem(MANIFEST, "its recording_hash is not the chain's")
    if last.facts_hash != facts_hash(manifest):
        yield Problem(
            MANIFEST,
            "what it says of the run (times, witnesses, agent, task, exit status …) was changed after the close",
        )


def _check_blobs(snapshot: Snapshot) -> tuple[int, list[Problem]]:
    """Every blob that a row names must be there with the content of its name."""
    try:
        versions = snapshot.table("file_versions", ["blob"])
        texts = snapshot.strings()
    except Damaged:
        return 0, []  # the segment that names them is reported itself
    names = {texts[number].as_py() for number in versions.column("blob").drop_null().unique().to_pylist()}
    problems = []
    for name in sorted(names):
        where = f"blobs/{name[:2]}/{name}"
        try:
            content = blob_path(snapshot.folder, name).read_bytes()
        except Damaged:
            problems.append(
                Problem("blobs", f"a row names {name!r} as the content of a file, which is no SHA-256")
            )
            continue
        except OSError:
            problems.append(Problem(where, "is missing: the content of a file version is lost"))
            continue
        if hashlib.sha256(content).hexdigest() != name:
            problems.append(Problem(where, "its content was changed"))
    return len(names), problems
