-- Whose weights are these?
SELECT run_id, ts, answer, alpha, cosine, identical_tensors, rank_share, reason
FROM kept.weight_checks
