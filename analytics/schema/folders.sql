-- one row per folder of a folder store that was listed; unchanged ones are not listed again
CREATE TABLE folders (
    folder VARCHAR NOT NULL,
    modified_ns BIGINT NOT NULL -- 0 where it may have changed since
);
