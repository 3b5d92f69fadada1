-- one row per acceptance criterion of an image
CREATE TABLE criteria (
    image VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    passed BOOLEAN, -- NULL is "unknown"; it never counts as met
    probability DOUBLE -- P(yes), where the judge gave one
);
