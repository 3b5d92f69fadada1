-- one row per image that has a sidecar, as the sidecar says it; rows are added, never changed
-- times are UTC; NULL means that the sidecar does not say
CREATE TABLE images ( -- noqa: PRS
    image VARCHAR NOT NULL, -- key of the image in the store
    source VARCHAR NOT NULL, -- key of the document this row was read from
    form VARCHAR NOT NULL, -- darkroom-1, darkroom-0, s0-flat, s2-iteration, s3-nested
    project VARCHAR,
    run_id VARCHAR,
    run VARCHAR, -- project/run_id
    iteration INTEGER,
    created_at TIMESTAMP,
    committed_at TIMESTAMP,
    generation_id VARCHAR,
    job_key VARCHAR,
    prompt_id VARCHAR,
    sha256 VARCHAR,
    size_bytes BIGINT,
    width INTEGER,
    height INTEGER,
    mime VARCHAR,
    prompt VARCHAR NOT NULL, -- empty where there was none
    negative_prompt VARCHAR NOT NULL,
    preset VARCHAR,
    workflow VARCHAR,
    model VARCHAR,
    model_sha256 VARCHAR,
    vae VARCHAR,
    seed UBIGINT,
    steps INTEGER,
    cfg DOUBLE,
    guidance DOUBLE,
    sampler VARCHAR,
    scheduler VARCHAR,
    denoise DOUBLE,
    requested_width INTEGER,
    requested_height INTEGER,
    lora_count INTEGER NOT NULL,
    variation_hash VARCHAR,
    parent_sha256 VARCHAR,
    parent_image VARCHAR,
    engine VARCHAR,
    engine_version VARCHAR,
    host VARCHAR,
    device VARCHAR,
    overall_score DOUBLE, -- criteria met, in percent; NULL where nobody could judge
    criteria_met INTEGER NOT NULL,
    criteria_count INTEGER NOT NULL,
    similarity_score DOUBLE,
    judge_provider VARCHAR,
    judge_model VARCHAR,
    judge_is_fallback BOOLEAN,
    judge_error VARCHAR,
    validation_score DOUBLE,
    composite_score DOUBLE,
    grade VARCHAR,
    coverage DOUBLE,
    attempt INTEGER,
    max_attempts INTEGER,
    strategy VARCHAR,
    refinement_status VARCHAR,
    experiment VARCHAR, -- within its project
    cell VARCHAR, -- of that experiment
    seconds DOUBLE,
    gpu_seconds DOUBLE,
    calls BIGINT,
    tokens_in BIGINT,
    tokens_out BIGINT,
    url VARCHAR, -- plain address, where the store has addresses
    is_test BOOLEAN NOT NULL,
    document VARCHAR NOT NULL USING COMPRESSION zstd -- the whole sidecar as it was found, as JSON text
);
