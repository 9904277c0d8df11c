-- The last program image that a process really became; a failed exec changes nothing.
SELECT run_no, process_id, exe AS image_exe, argv AS image_argv, cwd AS image_cwd
FROM recorded.execs
WHERE error_id IS NULL
QUALIFY row_number() OVER (PARTITION BY run_no, process_id ORDER BY seq DESC) = 1
