-- Who opened evaluation data to read it: file, process and command (bytes are NULL where they were not observed)
SELECT f.run_id, f.seq, f.ts, f.path, f.bytes_read, p.argv, c.text AS command
FROM files f
LEFT JOIN processes p USING (run_id, process_id)
LEFT JOIN commands c ON c.run_id = p.run_id AND c.command_id = p.command_id
WHERE f.error IS NULL
  AND (f.bytes_read > 0 OR f.bytes_mapped > 0 OR (f.bytes_read IS NULL AND f.op = 'open' AND f.flags & 3 <> 1))
  AND regexp_matches(lower(f.path), '/eval|benchmark|gsm8k|humaneval|gpqa|aime|bfcl|healthbench|arena.?hard')
  AND NOT regexp_matches(f.path, '/(site|dist)-packages/|^/usr/|\.py$')
ORDER BY f.ts, f.seq
