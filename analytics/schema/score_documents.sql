-- one row per score document added beside a sidecar
CREATE TABLE score_documents ( -- noqa: PRS
    image VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    document_id VARCHAR NOT NULL, -- the ULID in the key; the greatest is the latest
    image_sha256 VARCHAR,
    measured_at TIMESTAMP,
    composite_score DOUBLE,
    grade VARCHAR,
    coverage DOUBLE,
    calibration VARCHAR,
    document VARCHAR NOT NULL USING COMPRESSION zstd
);
