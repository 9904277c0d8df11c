-- Anything that happened: one row a recorded row of any table.
-- Symbols stay ids below the union and become text above it, so that one join serves all tables.
SELECT
    e.run_id,
    e.seq,
    e.ts,
    q.quality AS ts_quality,
    e.kind,
    e.process_id,
    e.pid,
    coalesce(e.actor_text, p.program, a.actor_label) AS actor,
    concat_ws(' ', e.before, l.label, '→ ' || l2.second_label, e.after, 'failed: ' || x.error_name) AS summary,
    c.cited_severity AS severity,
    e.ts_err_us
FROM (
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'process' AS kind, process_id, pid,
        NULL::VARCHAR AS actor_text, NULL::INTEGER AS actor_id, NULL::VARCHAR AS before,
        coalesce(argv_id, exe_id) AS words_id, NULL::INTEGER AS second_id, NULL::VARCHAR AS after,
        NULL::INTEGER AS failure_id
    FROM recorded.process_starts
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'exit' AS kind, process_id, pid,
        NULL AS actor_text, NULL AS actor_id,
        CASE
            WHEN signal > 0 THEN 'killed by signal ' || signal
            WHEN exit_code IS NULL THEN 'ended'
            ELSE 'exit code ' || exit_code
        END AS before,
        NULL AS words_id, NULL AS second_id, NULL AS after, NULL AS failure_id
    FROM recorded.process_exits
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'exec' AS kind, process_id, pid,
        NULL AS actor_text, NULL AS actor_id, NULL AS before,
        coalesce(argv_id, exe_id) AS words_id, NULL AS second_id, NULL AS after, error_id AS failure_id
    FROM recorded.execs
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'command' AS kind, NULL AS process_id, NULL AS pid,
        'agent' AS actor_text, NULL AS actor_id, NULL AS before, NULL AS words_id, NULL AS second_id,
        split_part(ltrim(left(text, 400), E' \t\r\n'), E'\n', 1) AS after, NULL AS failure_id
    FROM recorded.commands
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'command_end' AS kind, NULL AS process_id, NULL AS pid,
        'agent' AS actor_text, NULL AS actor_id, 'exit code ' || exit_code AS before,
        NULL AS words_id, NULL AS second_id,
        split_part(ltrim(left(output, 400), E' \t\r\n'), E'\n', 1) AS after, NULL AS failure_id
    FROM recorded.command_ends
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'command_link' AS kind, process_id, NULL AS pid,
        'agent' AS actor_text, NULL AS actor_id, 'command ' || command_id AS before,
        match_id AS words_id, NULL AS second_id, NULL AS after, NULL AS failure_id
    FROM recorded.command_links
    UNION ALL
    SELECT
        f.run_no, f.run_id, f.seq, f.ts, f.ts_quality_id, f.ts_err_us,
        CASE
            WHEN k.file_kind IN ('open', 'create') AND f.bytes_written > 0 THEN 'write'
            WHEN k.file_kind IN ('open', 'create') AND coalesce(f.bytes_read, 0) + coalesce(f.bytes_mapped, 0) > 0
            THEN 'read'
            ELSE coalesce(k.file_kind, 'file')
        END AS kind,
        f.process_id, f.pid, NULL AS actor_text, NULL AS actor_id, NULL AS before,
        f.path_id AS words_id, f.path2_id AS second_id, NULL AS after, f.error_id AS failure_id
    FROM recorded.files f
    LEFT JOIN kept.file_kinds k ON k.op_id = f.op_id
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'version' AS kind, process_id, pid,
        NULL AS actor_text, source_id AS actor_id, NULL AS before,
        path_id AS words_id, NULL AS second_id, size || ' bytes' AS after, NULL AS failure_id
    FROM recorded.file_versions
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'connect' AS kind, process_id, pid,
        NULL AS actor_text, NULL AS actor_id, NULL AS before,
        coalesce(host_id, dst_id) AS words_id, NULL AS second_id, 'port ' || port AS after, error_id AS failure_id
    FROM recorded.net
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'gpu' AS kind, NULL AS process_id, NULL AS pid,
        'gpu ' || device AS actor_text, NULL AS actor_id, NULL AS before, NULL AS words_id, NULL AS second_id,
        concat_ws(', ', round(util_pct) || ' %', round(mem_used_mb) || ' MB', round(power_w) || ' W') AS after,
        NULL AS failure_id
    FROM recorded.gpu
    UNION ALL
    SELECT
        t.run_no, t.run_id, t.seq, t.ts, t.ts_quality_id, t.ts_err_us, coalesce(m.message_kind, 'raw') AS kind,
        NULL AS process_id, NULL AS pid, NULL AS actor_text, t.role_id AS actor_id, NULL AS before,
        t.tool_id AS words_id, NULL AS second_id,
        split_part(ltrim(left(t.text, 400), E' \t\r\n'), E'\n', 1) AS after, NULL AS failure_id
    FROM recorded.transcript t
    LEFT JOIN kept.message_kinds m ON m.kind_id = t.kind_id
    UNION ALL
    SELECT
        run_no, run_id, seq, ts, ts_quality_id, ts_err_us, 'gap' AS kind, NULL AS process_id, NULL AS pid,
        NULL AS actor_text, source_id AS actor_id, NULL AS before,
        cause_id AS words_id, NULL AS second_id, reason AS after, NULL AS failure_id
    FROM recorded.gaps
) e
LEFT JOIN kept.qualities q ON q.quality_id = e.ts_quality_id
LEFT JOIN kept.labels l ON l.label_id = e.words_id
LEFT JOIN kept.second_labels l2 ON l2.label_id = e.second_id
LEFT JOIN kept.errors x ON x.error_id = e.failure_id
LEFT JOIN kept.actors a ON a.label_id = e.actor_id
LEFT JOIN kept.process_programs p ON p.run_no = e.run_no AND p.process_id = e.process_id
LEFT JOIN kept.cited c ON c.run_no = e.run_no AND c.seq = e.seq
