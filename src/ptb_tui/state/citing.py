"""Citations: what is quoted, when it happened, which event of which recording it is, and the command that opens it."""

from ptb_tui.state.times import elapsed, utc
from ptb_tui.state.wording import citation
from store.event import Event
from store.findings import StandingFinding
from store.manifest import Manifest
from store.plain import plain


def cite_event(event: Event, manifest: Manifest, start: int) -> str:
    """One event; ``start`` is when its run began."""
    when = "no clock" if event.ts is None else f"T+{elapsed(event.ts - start)}, {utc(event.ts)}"
    run_id = plain(manifest.run_id)
    place = f"event #{event.seq} of {run_id}{_pinned(manifest)}"
    return f"“{citation(event)}” ({when}, {place}) · ptb open {run_id} --seq {event.seq}"


def cite_finding(standing: StandingFinding, manifest: Manifest) -> str:
    """A finding with its first evidence."""
    finding = standing.finding
    run_id = plain(manifest.run_id)
    severity = standing.severity.value if standing.severity else "not ruled on"
    when = []
    if finding.ts is not None and manifest.origin is not None:
        when = [f"T+{elapsed(finding.ts - manifest.origin)}, {utc(finding.ts)}"]
    rule = f"{finding.rule} {finding.rule_version}, {severity}"
    cited = [rule, *when]
    opens = f"ptb open {run_id}"
    if finding.evidence:
        first = finding.evidence[0]
        cited.append(f"event #{first.seq} of {run_id}{_pinned(manifest)}: {first.kind} {plain(first.text)}")
        opens += f" --seq {first.seq}"
    else:
        cited.append(f"{run_id}{_pinned(manifest)}")
    return f"“{plain(finding.title)}” ({'; '.join(cited)}) · {opens}"


def _pinned(manifest: Manifest) -> str:
    return f", recording {manifest.recording_hash[:12]}" if manifest.recording_hash else ""
