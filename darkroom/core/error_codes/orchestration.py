"""The error codes of the local laboratory and of experiments."""

from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = (
    ErrorCode(
        "laboratory-busy",
        "Another command is starting or ending the laboratory.",
        "wait for it, then try again",
    ),
    ErrorCode(
        "laboratory-not-up",
        "A part of the laboratory did not come up.",
        "read the log that is named, then `darkroom up` again; `darkroom down` ends the rest",
    ),
)
