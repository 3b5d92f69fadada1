"""The error codes of sidecars."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "sidecar-too-large",
        "A sidecar is larger than a sidecar may be.",
        "it is not one of ours: look at the file, move it out of the store",
    ),
    ErrorCode(
        "sidecar-empty",
        "A sidecar has no content, as after a full disk or a power cut.",
        "restore it from a backup, or run `darkroom reconcile` to commit the image again",
    ),
    ErrorCode(
        "sidecar-truncated",
        "A sidecar ends before its last brace.",
        "copy it again from where it was complete, or run `darkroom reconcile`",
    ),
    ErrorCode(
        "sidecar-html",
        "A web page stands where a sidecar should be, often an error page of a store or proxy.",
        "download it again; check the address and the credentials it was fetched with",
    ),
    ErrorCode(
        "sidecar-not-json",
        "A sidecar is not one JSON object in UTF-8.",
        "restore it from a backup; the image beside it is left as it is",
    ),
    ErrorCode(
        "sidecar-too-deep",
        "A sidecar is nested deeper than any reader needs.",
        "it is not one of ours: move it out of the store",
    ),
    ErrorCode(
        "sidecar-duplicate-key",
        "A sidecar holds one key twice, so readers would disagree about its value.",
        "remove one of the two in the file",
    ),
    ErrorCode(
        "sidecar-number",
        "A sidecar holds a number no JSON reader agrees on: NaN, infinite, or beyond 64 bits.",
        "replace it by null or by a plain number in the file",
    ),
    ErrorCode(
        "sidecar-text",
        "A sidecar of ours holds characters that are no text.",
        "restore it from a backup, or read it tolerantly with `darkroom sidecar show`",
    ),
    ErrorCode(
        "sidecar-newer",
        "A sidecar was written by a newer Darkroom.",
        "update Darkroom; the file is skipped and left as it is",
    ),
    ErrorCode(
        "sidecar-unknown-form",
        "A JSON file is no form of sidecar that is known.",
        "see docs/sidecar.md for the forms that are read",
    ),
    ErrorCode(
        "sidecar-other-key",
        "A sidecar claims another place than the one it lies at; the place wins.",
        "move it back beside its image, or delete the copy",
    ),
    ErrorCode(
        "sidecar-invalid",
        "A field of a sidecar does not hold what the schema says.",
        "compare the field with docs/sidecar.schema.json",
    ),
    ErrorCode(
        "sidecar-unwritable",
        "A sidecar holds a value that no reader would get back.",
        "change the named field; only finite 64-bit numbers and plain text can be kept",
    ),
)
