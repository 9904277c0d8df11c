-- One line a run: score, ruling, commands, failed ones
SELECT r.run_id, r.agent, r.benchmark, r.base_model, coalesce(r.score, r.reported_score) AS score, r.ruling, r.verdict,
       count(c.seq) AS commands, count(c.seq) FILTER (c.exit_code <> 0) AS failed, r.ended_at - r.started_at AS lasted
FROM runs r
LEFT JOIN commands c USING (run_id)
GROUP BY ALL
ORDER BY r.run_id
