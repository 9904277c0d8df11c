-- A fact with evidence, as it stands today.
SELECT
    run_id, finding_id, rule, rule_version, origin, state, reach, title, ts, evidence, explanation, profile,
    severity, certainty, author, intent, sample_rows, distinct_items, repetitions, lineage
FROM kept.findings
