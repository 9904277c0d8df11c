-- Whether a process serves a command, is the agent that issues them, helps its scaffold, or is explained by nothing.
-- A child that executes nothing, tries of exec that failed included, is its parent's doing, and so are its own such
-- children; a helper is started by the agent itself.
WITH RECURSIVE starts AS MATERIALIZED (
    SELECT run_no, process_id, parent_id, seq
    FROM recorded.process_starts
),
first_processes AS (
    SELECT run_no, arg_min(process_id, seq) AS process_id
    FROM starts
    GROUP BY run_no
),
above AS (
    SELECT run_no, process_id FROM first_processes
    UNION
    SELECT s.run_no, s.parent_id
    FROM recorded.command_links l
    JOIN starts s ON s.run_no = l.run_no AND s.process_id = l.process_id
    WHERE s.parent_id IS NOT NULL
    UNION
    SELECT s.run_no, s.parent_id
    FROM above a
    JOIN starts s ON s.run_no = a.run_no AND s.process_id = a.process_id
    WHERE s.parent_id IS NOT NULL
),
forks AS MATERIALIZED (
    SELECT s.run_no, s.process_id, s.parent_id
    FROM starts s
    ANTI JOIN recorded.execs x ON x.run_no = s.run_no AND x.process_id = s.process_id AND x.error_id IS NULL
),
agents AS (
    SELECT run_no, process_id FROM above
    UNION
    SELECT f.run_no, f.process_id
    FROM agents a
    JOIN forks f ON f.run_no = a.run_no AND f.parent_id = a.process_id
),
-- A pattern that is no constant is compiled for every row: most of what agents start serves commands, and is no helper.
started_by_agents AS MATERIALIZED (
    SELECT x.run_no, x.process_id, x.argv
    FROM above a
    JOIN starts s ON s.run_no = a.run_no AND s.parent_id = a.process_id
    JOIN recorded.execs x ON x.run_no = s.run_no AND x.process_id = s.process_id
    ANTI JOIN kept.process_commands c ON c.run_no = s.run_no AND c.process_id = s.process_id
),
helping AS (
    SELECT x.run_no, x.process_id
    FROM started_by_agents x
    JOIN kept.helper_patterns h ON regexp_matches(x.argv, h.helper_pattern)
    UNION
    SELECT s.run_no, s.process_id
    FROM helping p
    JOIN starts s ON s.run_no = p.run_no AND s.parent_id = p.process_id
)
SELECT
    s.run_no,
    s.process_id,
    CASE
        WHEN c.served_command IS NOT NULL THEN 'command'
        WHEN a.process_id IS NOT NULL THEN 'agent'
        WHEN h.process_id IS NOT NULL THEN 'helper'
        ELSE 'unexplained'
    END AS process_role
FROM starts s
LEFT JOIN kept.process_commands c ON c.run_no = s.run_no AND c.process_id = s.process_id
LEFT JOIN agents a ON a.run_no = s.run_no AND a.process_id = s.process_id
LEFT JOIN helping h ON h.run_no = s.run_no AND h.process_id = s.process_id
