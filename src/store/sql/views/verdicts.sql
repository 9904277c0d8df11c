-- A reviewer's decision; append-only.
SELECT
    run_id, verdict_id, ts, reviewer, reviewer_kind, data, model, api, tampering, limits, template,
    score_action, rationale, evidence, recording_hash, profile, stale
FROM kept.verdicts
