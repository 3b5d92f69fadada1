-- one row per document in the store that was read, taken in or not
CREATE TABLE sources (
    source VARCHAR NOT NULL, -- its key
    folder VARCHAR NOT NULL, -- the key up to the last slash
    -- sidecar, s2, annotation, scores, run, result, ranking, failure, outcome, refinement
    kind VARCHAR NOT NULL,
    size_bytes BIGINT, -- NULL where the store's listing does not say
    modified_ns BIGINT
);
