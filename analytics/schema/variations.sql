-- one row per image and varied axis; images.variation_hash names the combination
CREATE TABLE variations (
    image VARCHAR NOT NULL,
    axis VARCHAR NOT NULL,
    value VARCHAR -- text as it is, anything else as JSON
);
