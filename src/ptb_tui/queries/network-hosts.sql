-- Hosts that processes talked to
SELECT run_id, min(seq) AS seq, min(ts) AS ts, coalesce(host, dst) AS host, port, count(*) AS connections,
       sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in
FROM net
GROUP BY run_id, coalesce(host, dst), port
ORDER BY bytes_in DESC NULLS LAST, run_id, host, port
