-- one row per document that could not be read; nothing else of it is in the warehouse
CREATE TABLE quarantine (
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, -- sidecar, annotation, scores, run, result, ranking
    code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
