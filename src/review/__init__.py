"""What a run means: detectors, lineage, matching, verdicts and reports."""
