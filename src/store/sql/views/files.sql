-- What one process did through one open of one file in one interval, or one operation on a name.
SELECT
    run_id, seq, ts, end_ts, access_id, process_id, pid, op, path, path2, dev, inode, flags,
    first_read_ts, last_read_ts, first_write_ts, last_write_ts,
    bytes_read, bytes_written, bytes_mapped, mmap_prot, final, error, via
FROM recorded.files
