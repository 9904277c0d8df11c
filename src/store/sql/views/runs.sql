-- A run: what its manifest says, and what reviewers and detectors made of it.
SELECT
    m.run_id,
    m.case_id,
    m.method,
    m.agent,
    m.agent_model,
    m.benchmark,
    m.base_model,
    m.replicate,
    m.job,
    m.started_at,
    m.ended_at,
    m.limit_s,
    m.exit_status,
    m.image,
    m.gpu_name,
    m.sources,
    m.reported_score,
    s.score,
    r.ruling,
    v.outcome AS verdict,
    v.decided_action AS score_action,
    m.complete,
    m.superseded_by,
    m.source_path,
    m.state,
    m.command,
    m.root,
    m.recording_hash
FROM kept.manifests m
LEFT JOIN kept.run_rulings r ON r.run_no = m.run_no
LEFT JOIN kept.run_verdicts v ON v.run_no = m.run_no
LEFT JOIN kept.run_scores s ON s.run_no = m.run_no
