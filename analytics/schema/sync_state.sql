-- one row: what this warehouse was built from, and what must be in it
CREATE TABLE sync_state (
    schema_id VARCHAR NOT NULL, -- of the SQL and the reader that built it; another means: rebuild
    store VARCHAR NOT NULL,
    source_count BIGINT NOT NULL,
    source_checksum VARCHAR NOT NULL, -- over all sources; compared when the file is opened
    listed_at TIMESTAMP NOT NULL, -- when the store was last listed whole
    synced_at TIMESTAMP NOT NULL
);
