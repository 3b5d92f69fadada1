-- one row per LoRA of an image, in the order they were applied
CREATE TABLE image_loras (
    image VARCHAR NOT NULL,
    position INTEGER NOT NULL, -- from 1
    name VARCHAR NOT NULL,
    strength DOUBLE,
    strength_clip DOUBLE
);
