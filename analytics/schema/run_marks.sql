-- one row per run that was ever annotated: the latest value of each field, NULL where never set
CREATE TABLE run_marks (
    run VARCHAR NOT NULL, -- project/run_id
    is_test BOOLEAN,
    is_failed BOOLEAN,
    is_archived BOOLEAN,
    is_deleted BOOLEAN,
    display_name VARCHAR,
    notes VARCHAR,
    extra VARCHAR, -- JSON
    annotated_at TIMESTAMP,
    annotated_by VARCHAR
);
