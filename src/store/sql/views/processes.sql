-- One lifetime of a process (tgid); exe, argv and cwd are of the last program it executed.
SELECT
    s.run_id,
    s.seq,
    s.process_id,
    s.pid,
    s.ns_pid,
    s.parent_id,
    s.ppid,
    s.ts AS start_ts,
    e.ended_ts AS end_ts,
    coalesce(i.image_exe, s.exe) AS exe,
    coalesce(i.image_argv, s.argv) AS argv,
    coalesce(i.image_cwd, s.cwd) AS cwd,
    s.uid,
    e.exit_code,
    e.signal,
    c.served_command AS command_id,
    r.process_role AS role
FROM recorded.process_starts s
LEFT JOIN kept.process_ends e ON e.run_no = s.run_no AND e.process_id = s.process_id
LEFT JOIN kept.process_images i ON i.run_no = s.run_no AND i.process_id = s.process_id
LEFT JOIN kept.process_commands c ON c.run_no = s.run_no AND c.process_id = s.process_id
LEFT JOIN kept.process_roles r ON r.run_no = s.run_no AND r.process_id = s.process_id
