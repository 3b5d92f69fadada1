-- one row: how many documents the warehouse holds, and a checksum over them
SELECT
    count(*) AS source_count,
    coalesce(bit_xor(hash(source, kind, size_bytes, modified_ns)), 0)::VARCHAR AS source_checksum
FROM sources;
