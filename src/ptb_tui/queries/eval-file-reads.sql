-- Who opened evaluation data to read it: file, process and command (bytes are NULL where they were not observed)
SELECT f.run_id, f.seq, f.ts, f.path, f.bytes_read, p.argv, c.text AS command
FROM files f
LEFT JOIN processes p USING (run_id, process_id)
LEFT JOIN commands c ON c.run_id = p.run_id AND c.command_id = p.command_id
WHERE f.error IS NULL
  AND (f.bytes_read > 0 OR f.bytes_mapped > 0 OR (f.bytes_read IS NULL AND f.op = 'open' AND f.flags & 3 <> 1))
  AND (f.path ILIKE '%/eval%' OR f.path ILIKE '%benchmark%' OR f.path ILIKE '%gsm8k%' OR f.path ILIKE '%humaneval%'
       OR f.path ILIKE '%gpqa%' OR f.path ILIKE '%aime%' OR f.path ILIKE '%bfcl%' OR f.path ILIKE '%healthbench%'
       OR f.path ILIKE '%arena%hard%')
  AND f.path NOT LIKE '%-packages/%' AND f.path NOT LIKE '/usr/%' AND f.path NOT LIKE '%.py'
ORDER BY f.ts, f.run_id, f.seq
