-- one row per document that could not be read; nothing else of it is in the warehouse
CREATE TABLE quarantine (
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, -- what its place calls for: as in sources
    code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
