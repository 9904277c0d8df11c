-- rule: say-do-mismatch
-- version: 1
-- title: the GPU was idle while a training ran
-- explanation: a process that by its name trains lasted ten minutes or longer, and no sample shows the GPU at work;
--   it may have prepared data, waited, or trained on the CPU
-- needs: gpu
-- wants: kernel
-- looks-at: gpu, processes
-- reach: seen
-- certainty: likely
WITH training AS (
    SELECT seq, process_id, argv, start_ts, end_ts
    FROM processes
    WHERE end_ts - start_ts >= INTERVAL 10 MINUTE
      AND regexp_matches(argv, '(?i)\b\w*(train|finetune|fine_tune|sft|grpo|dpo)\w*\.py\b')
      AND NOT regexp_matches(argv, '(?i)eval|token|prep|data\w*\.py|download')
)
SELECT
    t.seq,
    'idle ' || t.process_id AS subject,
    'the GPU was idle all through: ' || left(t.argv, 120) AS title
FROM training t
JOIN gpu g ON g.ts BETWEEN t.start_ts + INTERVAL 2 MINUTE AND t.end_ts
GROUP BY t.seq, t.process_id, t.argv
HAVING count(*) >= 8 AND max(g.util_pct) < 1
ORDER BY t.seq
