-- transcript.kind → events.kind.
SELECT s.id AS kind_id, k.kind AS message_kind
FROM kept.word_kinds k
JOIN recorded.symbols s ON s.value = k.word
