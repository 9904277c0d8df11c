-- A run's measured score: the latest attempt that counts.
SELECT run_no, arg_max(value, (ts, attempt_id)) AS score
FROM kept.scores
WHERE counts
GROUP BY run_no
