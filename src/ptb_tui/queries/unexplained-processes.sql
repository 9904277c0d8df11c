-- Processes that no command of the agent explains and no scaffold is known for
SELECT run_id, seq, start_ts, pid, argv, cwd, exit_code
FROM processes
WHERE role = 'unexplained'
ORDER BY start_ts, run_id, seq
