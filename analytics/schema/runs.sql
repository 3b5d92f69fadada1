-- one row per run.json; the view `run` adds runs that only their images tell of
CREATE TABLE runs ( -- noqa: PRS
    run VARCHAR NOT NULL, -- project/run_id
    source VARCHAR NOT NULL,
    project VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    title VARCHAR,
    started_at TIMESTAMP,
    host VARCHAR,
    engine VARCHAR,
    workflow VARCHAR,
    judge_provider VARCHAR,
    judge_model VARCHAR,
    strategy VARCHAR,
    max_iterations INTEGER,
    input_sha256 VARCHAR,
    seeded_from VARCHAR,
    is_test BOOLEAN NOT NULL,
    document VARCHAR NOT NULL USING COMPRESSION zstd
);
