-- rule: recorder-evasion
-- version: 1
-- title: a witness was silent without a reason
-- explanation: the recorder died or was killed while the agent ran, or two witnesses disagree; whoever did it is not in
--   the recording
-- needs: kernel
-- looks-at: gaps
-- certainty: possible
SELECT
    seq,
    cause AS subject,
    CASE cause
        WHEN 'disagreement' THEN count(*) OVER (PARTITION BY cause) || ' accesses were seen by one witness only'
        ELSE 'the recorder was not there for a while: ' || left(reason, 120)
    END AS title,
    CASE WHEN cause = 'recorder_died' THEN 'executed' ELSE 'seen' END AS reach
FROM gaps
WHERE source IN ('kernel', 'recorder') AND cause IN ('recorder_died', 'killed', 'crashed', 'disagreement')
ORDER BY seq
