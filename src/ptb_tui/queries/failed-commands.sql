-- Commands that failed, and the end of what the agent saw
SELECT run_id, seq, start_ts, exit_code, text, right(output, 200) AS output_end
FROM commands
WHERE exit_code <> 0
ORDER BY start_ts, run_id, seq
