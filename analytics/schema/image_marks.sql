-- one row per image that was ever annotated: the latest value of each field, NULL where never set
CREATE TABLE image_marks (
    image VARCHAR NOT NULL,
    technical_quality VARCHAR, -- perfect, imperfect
    status VARCHAR, -- ok, ko
    is_liked BOOLEAN,
    failure_category VARCHAR, -- malformed, noise, incomplete, off_prompt
    failure_notes VARCHAR,
    notes VARCHAR,
    rating DOUBLE, -- 0 to 10
    is_deleted BOOLEAN,
    ml_predictions VARCHAR, -- JSON
    extra VARCHAR, -- JSON
    annotated_at TIMESTAMP, -- of the latest event
    annotated_by VARCHAR
);
