-- The command that a process serves: its own, or that of its nearest ancestor with one.
WITH RECURSIVE own AS (
    SELECT run_no, process_id, min(command_id) AS owner
    FROM recorded.command_links
    WHERE process_id IS NOT NULL
    GROUP BY run_no, process_id
),
inheriting AS MATERIALIZED (
    SELECT s.run_no, s.process_id, s.parent_id
    FROM recorded.process_starts s
    ANTI JOIN own ON own.run_no = s.run_no AND own.process_id = s.process_id
    WHERE s.parent_id IS NOT NULL
),
served AS (
    SELECT run_no, process_id, owner FROM own
    UNION
    SELECT child.run_no, child.process_id, served.owner
    FROM served
    JOIN inheriting child ON child.run_no = served.run_no AND child.parent_id = served.process_id
)
SELECT run_no, process_id, min(owner) AS served_command
FROM served
GROUP BY run_no, process_id
