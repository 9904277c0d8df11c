-- The content of a file as written.
SELECT run_id, seq, ts, process_id, pid, path, sha256, size, text, redacted, captured, blob, reason
FROM recorded.file_versions
