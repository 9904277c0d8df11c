"""The recorded ``config.json`` that stands in ``final_model`` in the end, however it or its folder got there."""

from review.detector import RunView
from review.lineage.file_uses import FAR_FUTURE, has_file_accesses
from review.lineage.graph import Graph
from review.versions import Version, recorded_versions

_COMMON_ROOT = "/home/ben/task"
_SUBMITTED = "final_model/config.json"


def standing_config(run: RunView) -> Version | None:
    """That content; None where none was recorded, or only what words tell of one."""
    if not has_file_accesses(run):
        return None
    contents: dict[str, list[Version]] = {}
    for version in run.once(recorded_versions):
        if version.path.endswith("/config.json") and version.text:
            contents.setdefault(version.path, []).append(version)
    if not contents:
        return None
    path = f"{(run.manifest.facts.root or _COMMON_ROOT).rstrip('/')}/{_SUBMITTED}"
    if run.manifest.facts.root is None:
        path = next((one for one in reversed(contents) if one.endswith(f"/{_SUBMITTED}")), path)
    standing: Version | None = None
    since = -1
    for name in run.once(Graph).names.earlier(path, FAR_FUTURE):
        moved = name.changes[-1] if name.changes else None
        stays = moved is None or all(change.op != "rename" for change in name.changes)
        there = [one for one in contents.get(name.path, ()) if stays or one.seq < name.changes[0].seq]
        if there:
            came = max(there[-1].seq, moved.seq if moved else 0)
            if came > since:
                standing, since = there[-1], came
    return standing
