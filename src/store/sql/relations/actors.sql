-- As labels, for who acted.
SELECT id AS label_id, value AS actor_label
FROM recorded.symbols
