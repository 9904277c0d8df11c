-- A network connection, made or (with error) attempted.
SELECT run_id, seq, ts, process_id, pid, dst, port, host, bytes_out, bytes_in, error
FROM recorded.net
