-- Findings that stand, the gravest first
SELECT run_id, severity, rule, reach, title, state, evidence
FROM findings
WHERE state <> 'rejected'
ORDER BY array_position(['violation', 'suspicious', 'note'], severity), run_id, rule, finding_id
