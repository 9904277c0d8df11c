-- The text of a symbol, for rows of all tables at once.
SELECT id AS label_id, value AS label
FROM recorded.symbols
