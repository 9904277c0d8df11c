-- How a process ended, once, even where a damaged recording says it twice.
SELECT run_no, process_id, ts AS ended_ts, exit_code, signal
FROM recorded.process_exits
QUALIFY row_number() OVER (PARTITION BY run_no, process_id ORDER BY seq DESC) = 1
