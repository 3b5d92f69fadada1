"""The error codes of verifying what is stored."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "redraw-impossible",
        "An image cannot be drawn again: its sidecar lacks what that takes.",
        "images drawn by Darkroom can be redrawn; imported ones only where their graph is known",
    ),
    ErrorCode(
        "redraw-host",
        "The server that drew an image is not configured here.",
        "say --host with a host of darkroom.yaml, or add the server under `hosts`",
    ),
    ErrorCode(
        "redraw-away",
        "The server that is to redraw an image did not answer before.",
        "start it, or say --host with another one",
    ),
    ErrorCode(
        "store-damaged",
        "Verifying found things in the store that are not as they were written.",
        "`darkroom verify` lists them; docs/verify.md says what to do about each",
    ),
    ErrorCode(
        "verify-scope",
        "Two ways of saying what is to be verified exclude one another.",
        "name images and runs, or say --project, --run, --sample or --new",
    ),
)
