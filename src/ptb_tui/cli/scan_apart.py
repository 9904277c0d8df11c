"""The review scan of a run that was just recorded, in a process of its own: whatever becomes of it, the run stays.

What it found is read back from where it keeps it.
"""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from store.errors import PtbError
from store.findings import CoverageState, Scan, Severity, StandingFinding, read_findings, read_scans
from store.overlay import Review

_LONGEST_S = 3600.0
_MOST_WORDS = 500
_ANSWERS = (0, 1, 3)
"""Exit codes of ``ptb scan`` that are one."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What came of it."""

    scan: Scan | None
    findings: tuple[StandingFinding, ...] = ()
    reason: str = ""
    """Why there is no scan."""

    @property
    def flagged(self) -> bool:
        """Whether a violation stands."""
        return any(finding.violates for finding in self.findings)

    @property
    def looked(self) -> bool:
        """Whether every rule could look, be it at a part; what the run never promised is not asked for."""
        return self.scan is not None and not any(
            one.coverage.promised and one.coverage.state is CoverageState.COULD_NOT_LOOK
            for one in self.scan.results
        )

    def lines(self, run_id: str) -> list[str]:
        """For people."""
        if self.scan is None:
            return [f"not scanned: {self.reason}"]
        count = Counter(finding.severity for finding in self.findings)
        told = ", ".join(f"{count[severity]} {severity}" for severity in Severity if count[severity])
        lines = [f"found: {told or 'nothing'} (ptb scan {run_id} shows it)"]
        blind = [one.rule for one in self.scan.results if one.coverage.state is CoverageState.COULD_NOT_LOOK]
        if blind:
            lines.append(f"could not look: {', '.join(blind)}")
        reasons = {one.coverage.reason for one in self.scan.results if one.coverage.promised}
        return lines + [f"not looked at in full: {reason}" for reason in sorted(reasons - {""})]


NOT_ASKED = Scanned(None, reason="it was not asked for")


def scan_apart(folder: Path, run_id: str) -> Scanned:
    """Scan a run and keep what is found; that it fails is an answer, too."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ptb_tui", "scan", str(folder.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=_LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return Scanned(None, reason=f"the scan took longer than {_LONGEST_S:.0f} s")
    except OSError as error:
        return Scanned(None, reason=f"the scan does not start: {error.strerror}")
    words = done.stderr.decode(errors="backslashreplace").strip()[-_MOST_WORDS:].removeprefix("ptb: ")
    if done.returncode not in _ANSWERS:
        return Scanned(None, reason=words or f"the scan ended with code {done.returncode}")
    try:
        review = Review(folder, run_id)
        scans, findings = read_scans(review)[0], read_findings(review)[0]
    except PtbError as error:
        return Scanned(None, reason=str(error))
    return Scanned(scans[-1], tuple(findings)) if scans else Scanned(None, reason=words or "it kept nothing")
