-- What no witness saw: every stretch and loss, with its reason
SELECT run_id, seq, start_ts, end_ts, source, cause, lost, reason
FROM gaps
ORDER BY run_id, start_ts, seq
