-- The text of ts_quality, for rows of all tables at once.
SELECT id AS quality_id, value AS quality
FROM recorded.symbols
WHERE value IN ('exact', 'arrival', 'second', 'interpolated', 'none')
