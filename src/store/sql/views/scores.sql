-- One scoring attempt.
SELECT
    run_id, attempt_id, ts, benchmark, metric, value, stderr, samples, limit_n, engine, engine_version, seed,
    temperature, token_limit, model_hash, harness_hash, status, ended_at, top_p, isolation, device, reason, counts, sampling
FROM kept.scores
