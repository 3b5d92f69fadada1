"""Images in files a person names: what they are, what they say, and a clean copy.

Owns the two jobs behind `darkroom image`; all judgement lies in images, png_text
and image_stripping.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.plain_files import read_file, write_new_file
from darkroom.adapters.png_text import PngText, read_png_text
from darkroom.core.errors import ImageRefused


@dataclass(frozen=True)
class ImageReport:
    """One image file, decoded and read."""

    file: str
    mime: str
    width: int
    height: int
    mode_in: str
    size_bytes: int
    sha256: str
    notes: tuple[str, ...]
    text: PngText | None
    """What the file says in words; None for formats whose text is not read."""


@dataclass(frozen=True)
class StripReport:
    """How much a clean copy left out."""

    file: str
    output: str
    size_bytes_before: int
    size_bytes_after: int


def report_on(path: Path) -> ImageReport:
    """Decode the image completely and read its text."""
    data = _read(path)
    try:
        image = decode(data)
        text = read_png_text(data) if image.mime == "image/png" else None
    except ImageRefused as refusal:
        refusal.where = str(path)
        raise
    return ImageReport(
        file=str(path),
        mime=image.mime,
        width=image.width,
        height=image.height,
        mode_in=image.mode_in,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        notes=image.notes + (text.notes if text else ()),
        text=text,
    )


def strip_file(path: Path, output: Path) -> StripReport:
    """Write a copy without metadata; an image that cannot be decoded is not copied."""
    data = _read(path)
    try:
        decode(data)
        clean = strip_metadata(data)
    except ImageRefused as refusal:
        refusal.where = str(path)
        raise
    write_new_file(output, clean)
    return StripReport(str(path), str(output), len(data), len(clean))


def _read(path: Path) -> bytes:
    return read_file(path, MAX_BYTES)
