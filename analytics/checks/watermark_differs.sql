-- one row when the sources are not those the sync state speaks of; there must be none
WITH seen AS (
    SELECT
        count(*) AS source_count,
        coalesce(bit_xor(hash(source, kind, size_bytes, modified_ns)), 0)::VARCHAR AS checksum
    FROM sources
)

SELECT
    w.source_count,
    w.source_checksum
FROM sync_state AS w
CROSS JOIN seen
WHERE w.source_count <> seen.source_count OR w.source_checksum <> seen.checksum;
