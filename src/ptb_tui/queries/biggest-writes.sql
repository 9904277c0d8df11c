-- The files that most was written to, and by which process (bytes are NULL where they were not observed)
WITH sizes AS (SELECT run_id, path, max(size) AS size FROM file_versions GROUP BY run_id, path)
SELECT f.run_id, min(f.seq) AS seq, min(f.ts) AS ts, f.path, sum(f.bytes_written) AS bytes_written,
       any_value(s.size) AS size,
       arg_max(p.argv, (coalesce(f.bytes_written, 0), -f.seq)) AS argv
FROM files f
LEFT JOIN sizes s USING (run_id, path)
LEFT JOIN processes p ON p.run_id = f.run_id AND p.process_id = f.process_id
WHERE f.error IS NULL
  AND (f.bytes_written > 0 OR (f.bytes_written IS NULL AND f.op IN ('open', 'create') AND f.flags & 3 <> 0))
GROUP BY f.run_id, f.path
ORDER BY bytes_written DESC NULLS LAST, size DESC NULLS LAST, f.run_id, f.path
LIMIT 100
