-- A shell command that the agent issued, what came back, and the process that it became.
SELECT
    c.run_id,
    c.seq,
    c.command_id,
    c.ts AS start_ts,
    r.result_ts AS end_ts,
    c.text,
    c.cwd,
    r.result_code AS exit_code,
    r.result_output AS output,
    c.tool_call_id,
    m.matched_process AS process_id,
    coalesce(m.matched_how, 'none') AS match,
    c.tool,
    c.parent_call_id
FROM recorded.commands c
LEFT JOIN kept.command_results r ON r.run_no = c.run_no AND r.command_id = c.command_id
LEFT JOIN kept.command_matches m ON m.run_no = c.run_no AND m.command_id = c.command_id
