-- As labels, for the new name of a rename or link.
SELECT id AS label_id, value AS second_label
FROM recorded.symbols
