-- The name of the program that a process was last, for people.
SELECT
    s.run_no,
    s.process_id,
    regexp_extract(coalesce(any_value(i.image_exe), arg_max(s.exe, s.seq)), '[^/]*$') AS program
FROM recorded.process_starts s
LEFT JOIN kept.process_images i ON i.run_no = s.run_no AND i.process_id = s.process_id
GROUP BY s.run_no, s.process_id
