"""The error codes of the command line."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "interrupted",
        "The person pressed Ctrl-C or the process was asked to stop.",
        "run the same command again: finished work is kept and not repeated",
    ),
    ErrorCode(
        "usage",
        "The command line cannot be understood.",
        "add --help to the command to see what it takes",
    ),
    ErrorCode(
        "internal",
        "A fault in Darkroom itself.",
        "run again with --verbose and report what it prints",
    ),
    ErrorCode(
        "key-invalid",
        "A name cannot stand in a store key.",
        "use lower-case letters, digits, '.', '_' and '-', in segments of at most 120 characters",
    ),
    ErrorCode(
        "demo-nothing-drawn",
        "The demonstration drew no image that shows what its prompt states.",
        "run `darkroom doctor`; the embedded engine's weights may be damaged",
    ),
    ErrorCode(
        "generate-request",
        "What `darkroom generate` is asked for cannot be.",
        "see `darkroom generate --help`",
    ),
    ErrorCode(
        "generate-workflow",
        "There is no workflow of that name.",
        "name a file, a workflow of the project (--project) or a shipped one",
    ),
    ErrorCode(
        "generate-preset",
        "There is no preset of that name.",
        "presets are presets/NAME.yaml of the project, and the shipped ones",
    ),
    ErrorCode(
        "generate-host",
        "There is no server of that name.",
        "name a host of darkroom.yaml, `embedded`, or http://host:port",
    ),
    ErrorCode(
        "generate-input",
        "An input image was given to a workflow that takes none.",
        "name a workflow with a LoadImage node above its sampler",
    ),
    ErrorCode(
        "image-undrawn",
        "A server did not draw an image that was asked for.",
        "read the reason; the other images are kept, and the same command draws what is missing",
    ),
)
