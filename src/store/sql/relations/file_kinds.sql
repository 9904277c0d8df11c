-- files.op → events.kind.
SELECT s.id AS op_id, k.kind AS file_kind
FROM kept.op_kinds k
JOIN recorded.symbols s ON s.value = k.op
