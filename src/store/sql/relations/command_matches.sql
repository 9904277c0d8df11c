-- The process that a command became; the last word counts.
SELECT run_no, command_id, process_id AS matched_process, match AS matched_how
FROM recorded.command_links
QUALIFY row_number() OVER (PARTITION BY run_no, command_id ORDER BY seq DESC) = 1
