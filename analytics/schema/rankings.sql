-- one row per iteration that a person ranked
CREATE TABLE rankings (
    run VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    position INTEGER NOT NULL, -- 1 is the best
    iteration INTEGER NOT NULL,
    note VARCHAR,
    updated_at TIMESTAMP
);
