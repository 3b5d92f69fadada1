"""What kind of file some bytes are, by their content and never by their name.

Owns the three kinds that may enter and the names of those that may not.
"""

import re
from typing import Literal

from darkroom.adapters.image_containers import JPEG_START, PNG_SIGNATURE
from darkroom.core.errors import ImageRefused

Mime = Literal["image/png", "image/jpeg", "image/webp"]

_OTHERS = (
    (rb"GIF8", "a GIF"),
    (rb"BM", "a BMP"),
    (rb"II\*\x00|MM\x00\*", "a TIFF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"%PDF", "a PDF"),
    (rb"....ftyp(?:avi|mif|hei|hev)", "an AVIF or HEIC"),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "a JPEG XL"),
    (rb"\x00\x00\x00\x0cjP", "a JPEG 2000"),
    (rb"8BPS", "a Photoshop file"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\x1f\x8b", "a gzip archive"),
    (
        rb"(?is)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|\s)*(?:<!doctype svg[^>]*>\s*)?<svg",
        "an SVG",
    ),
    (rb"(?i)(?:\xef\xbb\xbf)?\s*<", "a web page or XML"),
    (rb"\s*[{\[]", "JSON"),
)
_LOOKED_AT = 512


def sniff(data: bytes) -> Mime:
    """The MIME type the content shows, or ImageRefused naming what it looks like."""
    if not data:
        raise ImageRefused("image-empty", "0 bytes")
    if data.startswith(PNG_SIGNATURE):
        return "image/png"
    if data.startswith(JPEG_START):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    raise ImageRefused("image-format", f"these bytes are {_name_of(data[:_LOOKED_AT])}")


def _name_of(head: bytes) -> str:
    for pattern, name in _OTHERS:
        if re.match(pattern, head):
            return name
    return f"of no known image format (they begin {head[:8].hex(' ')})"
