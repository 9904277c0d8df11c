-- A stretch that a witness did not see, or a loss.
SELECT run_id, seq, source, start_ts, end_ts, lost, cause, reason
FROM recorded.gaps
