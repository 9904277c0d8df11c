-- A message, thought, tool call or result of the agent.
SELECT
    run_id, seq, ts, ts_quality, role, kind, tool, text, tool_call_id, parent_call_id,
    tokens_in, tokens_out, cost_usd, line, ts_err_us
FROM recorded.transcript
