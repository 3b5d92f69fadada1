-- one row per metric in a sidecar or score document, failures to measure included
CREATE TABLE scores (
    image VARCHAR NOT NULL,
    source VARCHAR NOT NULL, -- key of the sidecar or of the score document
    measured_at TIMESTAMP,
    metric VARCHAR NOT NULL,
    dimension VARCHAR,
    version VARCHAR,
    tier VARCHAR NOT NULL, -- lite, onnx, torch, unknown: never mixed
    weights_sha256 VARCHAR,
    calibration VARCHAR,
    raw DOUBLE,
    normalised DOUBLE, -- 0 to 10
    ms DOUBLE,
    reason VARCHAR -- why there is no value
);
