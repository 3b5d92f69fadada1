-- one row per refinement that ended with an image
CREATE TABLE refinements ( -- noqa: PRS
    source VARCHAR NOT NULL,
    run VARCHAR NOT NULL, -- project/run_id
    project VARCHAR NOT NULL,
    ended_at TIMESTAMP,
    status VARCHAR,
    reason VARCHAR,
    strategy VARCHAR,
    threshold DOUBLE,
    max_attempts INTEGER,
    seed UBIGINT,
    image VARCHAR, -- the best
    composite_score DOUBLE,
    attempt_count INTEGER NOT NULL,
    document VARCHAR NOT NULL USING COMPRESSION zstd
);
