-- Minutes in which the GPU was idle while a process that looks like training ran
SELECT g.run_id, min(g.seq) AS seq, time_bucket(INTERVAL 1 minute, g.ts) AS minute,
       avg(g.util_pct) AS util_pct, max(g.mem_used_mb) AS mem_used_mb, arg_min(p.argv, p.seq) AS argv
FROM gpu g
JOIN processes p ON p.run_id = g.run_id AND g.ts BETWEEN p.start_ts AND coalesce(p.end_ts, g.ts)
WHERE regexp_matches(lower(p.argv), 'train|sft|finetun|fine_tun|dpo|grpo|accelerate|torchrun|deepspeed')
  AND p.role <> 'agent'
GROUP BY g.run_id, time_bucket(INTERVAL 1 minute, g.ts)
HAVING avg(g.util_pct) < 5
ORDER BY minute, g.run_id
