"""The error codes of images."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "image-empty",
        "There are no bytes where an image should be.",
        "fetch or export the image again",
    ),
    ErrorCode(
        "image-format",
        "The bytes are no PNG, JPEG or WebP, whatever the file is called.",
        "convert the image to PNG",
    ),
    ErrorCode(
        "image-too-large",
        "The image has more bytes or pixels than Darkroom opens.",
        "scale it to at most 64 megapixels and 256 MB",
    ),
    ErrorCode(
        "image-truncated",
        "The image ends before its end.",
        "fetch or export the image again",
    ),
    ErrorCode(
        "image-damaged",
        "The image's bytes contradict themselves and cannot be decoded.",
        "fetch or export the image again",
    ),
    ErrorCode(
        "image-text-too-large",
        "The image carries text of more than 1 MB, or text that unpacks to more.",
        "strip it with another tool; a picture needs none",
    ),
    ErrorCode(
        "image-animated",
        "The image has several frames.",
        "export the one frame you mean as PNG",
    ),
    ErrorCode(
        "image-text-name",
        "A text cannot be written into an image under this name.",
        "name it with 1 to 79 plain ASCII characters",
    ),
    ErrorCode(
        "image-array",
        "An array cannot be written as an image.",
        "give uint8 values of shape (height, width), (height, width, 3) or (height, width, 4)",
    ),
    ErrorCode(
        "file-unreadable",
        "A file named on the command line cannot be read.",
        "check the path and the rights of the file",
    ),
    ErrorCode(
        "file-not-written",
        "A file named on the command line cannot be written, or exists already.",
        "name a new file in a folder you may write to",
    ),
)
