-- one row per closing of a run; a run resumed after its end has several
CREATE TABLE run_results ( -- noqa: PRS
    run VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    number INTEGER NOT NULL, -- the greatest counts
    status VARCHAR,
    reason VARCHAR,
    best_iteration INTEGER,
    score DOUBLE,
    image VARCHAR, -- key of the best image
    iteration_count INTEGER,
    closed_at TIMESTAMP,
    document VARCHAR NOT NULL USING COMPRESSION zstd
);
