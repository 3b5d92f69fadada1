"""The error codes of vectors and of the search for similar images."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "vectors-model",
        "There is no such model for vectors, or its weights are not on this machine.",
        "`--model shapeworld` comes with Darkroom; for `clip` see docs/vectors.md",
    ),
    ErrorCode(
        "vectors-missing",
        "No image has a vector of this model yet.",
        "run `darkroom embed` once; later it takes only what is new",
    ),
    ErrorCode(
        "vectors-damaged",
        "The file of vectors is not what it says it is.",
        "make it anew with `darkroom embed --rebuild`; the store has everything",
    ),
    ErrorCode(
        "vector-invalid",
        "A model gave a vector that cannot be compared: of length zero, or not of numbers.",
        "check the weights with `darkroom weights check`",
    ),
    ErrorCode(
        "similar-question",
        "It is not clear what images should be similar to.",
        "name one image, or say --text with words",
    ),
    ErrorCode(
        "images-unembedded",
        "Some images have no vector: they could not be read.",
        "`darkroom verify` says what is wrong with them; the others are done",
    ),
)
