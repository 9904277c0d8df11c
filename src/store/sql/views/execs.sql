-- One program image of a process, executed or (with error) attempted.
SELECT run_id, seq, ts, process_id, exe, argv, cwd, env_hash, truncated, error, pid
FROM recorded.execs
