-- What holds among a run's verdicts that are not stale: the reconciled one, else what the humans agree on.
-- Humans who disagree leave the run disputed and its score on hold. Models and imported judges decide nothing.
WITH judged AS (
    SELECT
        run_no,
        verdict_id,
        ts,
        reviewer,
        reviewer_kind,
        score_action AS action,
        CASE
            WHEN 'violation' IN (data, model, api, tampering, limits, template) THEN 'violation'
            WHEN 'unclear' IN (data, model, api, tampering, limits, template) THEN 'unclear'
            WHEN coalesce(data, model, api, tampering, limits, template) IS NULL THEN 'unclear'
            ELSE 'clean'
        END AS answer
    FROM kept.verdicts
    WHERE NOT stale AND reviewer_kind IN ('human', 'reconciled')
),
latest AS (
    SELECT run_no, verdict_id, ts, reviewer, reviewer_kind, action, answer
    FROM judged
    QUALIFY row_number() OVER (
        PARTITION BY run_no, reviewer_kind, CASE WHEN reviewer_kind = 'human' THEN reviewer END
        ORDER BY ts DESC, verdict_id DESC
    ) = 1
),
settled AS (
    SELECT run_no, verdict_id, ts, reviewer, reviewer_kind, action, answer
    FROM latest
    QUALIFY reviewer_kind = 'reconciled' OR count(*) FILTER (reviewer_kind = 'reconciled') OVER (PARTITION BY run_no) = 0
)
SELECT
    run_no,
    CASE WHEN count(DISTINCT answer) = 1 THEN min(answer) ELSE 'disputed' END AS outcome,
    CASE WHEN count(DISTINCT (answer, action)) = 1 THEN min(action) ELSE 'hold' END AS decided_action
FROM settled
GROUP BY run_no
