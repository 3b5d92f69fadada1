-- one row per annotation event; events are added and never changed
CREATE TABLE annotations (
    id VARCHAR NOT NULL, -- ULID: the order of ids is the order of events
    source VARCHAR NOT NULL,
    annotated_at TIMESTAMP,
    annotated_by VARCHAR,
    target VARCHAR NOT NULL, -- image or run
    image VARCHAR,
    run VARCHAR, -- project/run_id
    undoes VARCHAR, -- id of the event this one takes back
    changes VARCHAR NOT NULL -- what it sets, as one JSON object
);
