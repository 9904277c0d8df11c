-- The worst severity among a run's standing findings; 'none' when it was scanned and nothing stands.
SELECT
    s.run_no,
    CASE min(CASE f.severity WHEN 'violation' THEN 1 WHEN 'suspicious' THEN 2 WHEN 'note' THEN 3 END)
        WHEN 1 THEN 'violation' WHEN 2 THEN 'suspicious' WHEN 3 THEN 'note' ELSE 'none'
    END AS ruling
FROM kept.scanned s
LEFT JOIN kept.findings f ON f.run_no = s.run_no AND f.state <> 'rejected'
GROUP BY s.run_no
