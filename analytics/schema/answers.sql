-- one row per question that was answered about an image
CREATE TABLE answers (
    image VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR -- text as it is, anything else as JSON; NULL is "unknown"
);
