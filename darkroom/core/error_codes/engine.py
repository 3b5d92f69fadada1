"""The error codes of the embedded engine."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "engine-not-started",
        "The embedded engine did not come up.",
        "read the log file named above; a port that is taken is the usual reason",
    ),
    ErrorCode(
        "engine-other-port",
        "The embedded engine runs on another port than the one asked for.",
        "leave --port out, or run `darkroom engine stop` first",
    ),
    ErrorCode(
        "engine-busy",
        "Another process holds the lock on the embedded engine.",
        "wait for the other command to end, then try again",
    ),
    ErrorCode(
        "engine-not-stopped",
        "The embedded engine's process does not end or is not ours to end.",
        "look at the process with `ps`; it may belong to another user",
    ),
    ErrorCode(
        "engine-weights-damaged",
        "A file of the embedded engine's weights differs from the one that was shipped.",
        "install darkroom again, or restore the file from version control",
    ),
    ErrorCode(
        "embedding-weights-damaged",
        "A file of the shape world's encoders differs from the one that was shipped.",
        "install darkroom again, or restore the file from version control",
    ),
    ErrorCode(
        "measure-not-rgb",
        "The measuring judge reads 8-bit RGB pixels only.",
        "decode the image to RGB first",
    ),
    ErrorCode(
        "measure-too-small",
        "The picture is too small to be measured.",
        "use a picture of at least 64 pixels a side",
    ),
)
