-- A reviewer's bookmark or comment.
SELECT run_id, ts, seq, reviewer, text, made_at
FROM kept.marks
