-- Commands that the agent says it ran and that no process explains
SELECT run_id, seq, start_ts, text, exit_code
FROM commands
WHERE match = 'none'
ORDER BY start_ts, run_id, seq
