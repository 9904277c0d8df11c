-- The worst severity of the standing findings that rest on a row.
SELECT
    e.run_no,
    e.seq,
    CASE min(CASE e.severity WHEN 'violation' THEN 1 WHEN 'suspicious' THEN 2 WHEN 'note' THEN 3 END)
        WHEN 1 THEN 'violation' WHEN 2 THEN 'suspicious' WHEN 3 THEN 'note'
    END AS cited_severity
FROM kept.finding_rows e
WHERE e.state <> 'rejected' AND e.severity IS NOT NULL
GROUP BY e.run_no, e.seq
