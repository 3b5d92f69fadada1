-- one row per document of an attempt that failed: below its threshold, or without an image
CREATE TABLE failures ( -- noqa: PRS
    source VARCHAR NOT NULL,
    run VARCHAR NOT NULL, -- project/run_id
    project VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, -- quality: a refinement's attempt; drawing: a submission to a server
    failed_at TIMESTAMP,
    cause VARCHAR, -- below_threshold, not_measured, not_drawn; of a drawing what its server said
    message VARCHAR,
    node VARCHAR, -- of the graph, where the server names one
    image VARCHAR, -- NULL where there is none
    attempt INTEGER,
    max_attempts INTEGER,
    strategy VARCHAR,
    threshold DOUBLE,
    composite_score DOUBLE,
    grade VARCHAR,
    weakest VARCHAR, -- the dimension that scored least
    prompt VARCHAR,
    negative_prompt VARCHAR,
    seed UBIGINT,
    steps INTEGER,
    cfg DOUBLE,
    job_key VARCHAR, -- of a drawing
    document VARCHAR NOT NULL USING COMPRESSION zstd
);
