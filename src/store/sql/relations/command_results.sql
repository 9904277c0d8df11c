-- What came back to the agent for a command; the last word counts.
SELECT run_no, command_id, ts AS result_ts, exit_code AS result_code, output AS result_output
FROM recorded.command_ends
QUALIFY row_number() OVER (PARTITION BY run_no, command_id ORDER BY seq DESC) = 1
