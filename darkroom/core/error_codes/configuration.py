"""The error codes of configuration files."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "config-invalid",
        "Configuration files have mistakes; every one is listed with file, line and key.",
        "mend the lines named above; docs/configuration.md lists every key",
    ),
)
