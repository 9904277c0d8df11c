-- Names of errors, for rows of all tables at once.
SELECT id AS error_id, value AS error_name
FROM recorded.symbols
WHERE regexp_full_match(value, 'E[A-Z0-9]+')
