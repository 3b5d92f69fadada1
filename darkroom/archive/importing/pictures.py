"""One image file of a source: whole, of a size, and what it says in words.

Owns the check without decoding: the container complete to its end, every checksum right, the
size in the header. Pixels are not looked at; a file cut short does not pass.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from PIL import Image

from darkroom.adapters.image_containers import (
    PNG_SIGNATURE,
    Part,
    damaged,
    jpeg_segments,
    jpeg_sizes,
    png_chunks,
    png_header,
    webp_chunks,
    webp_sizes,
)
from darkroom.adapters.image_kinds import Mime, sniff
from darkroom.adapters.images import MAX_BYTES, MAX_PIXELS
from darkroom.adapters.plain_files import read_file
from darkroom.adapters.png_text import PngText, read_png_text
from darkroom.adapters.stores.intake import MAX_OBJECT_BYTES
from darkroom.core.errors import ImageRefused

Graph = dict[str, object]
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_EXIF_START = b"Exif\0\0"
_EXIF_SEGMENT = 0xE1
_EXIF_BLOCK, _USER_COMMENT = 0x8769, 0x9286
_CHARSET_BYTES = 8


@dataclass(frozen=True)
class Picture:
    """A whole image file."""

    data: bytes
    sha256: str
    mime: Mime
    width: int
    height: int
    text: PngText | None
    """What a PNG says."""
    comment: str | None
    """The user comment of a JPEG or WebP, where generators write what A1111 does."""
    graphs: Mapping[str, Graph] = field(default_factory=dict[str, Graph])
    """ComfyUI's graphs: `prompt` is what ran, `workflow` what the editor saved."""


def read_picture(path: Path) -> Picture:
    """Read and check one file; ImageRefused or UsageError says why it cannot be used."""
    data = read_file(path, MAX_BYTES)
    if len(data) > MAX_OBJECT_BYTES:
        raise ImageRefused("image-too-large", f"{len(data)} bytes are more than a store takes")
    mime = sniff(data)
    if mime == "image/png":
        width, height, text = _png(data)
        comment, graphs = None, {"prompt": text.prompt, "workflow": text.workflow}
    else:
        width, height, block = _jpeg(data) if mime == "image/jpeg" else _webp(data)
        text, (comment, graphs) = None, _camera_data(block)
    if width * height > MAX_PIXELS:
        raise ImageRefused("image-too-large", f"{width}x{height} pixels; at most {MAX_PIXELS}")
    whole = {name: graph for name, graph in graphs.items() if graph}
    sha256 = hashlib.sha256(data).hexdigest()
    return Picture(data, sha256, mime, width, height, text, comment, whole)


def _png(data: bytes) -> tuple[int, int, PngText]:
    parts = list(png_chunks(data))
    width, height, _, _ = png_header(data)
    if not any(part.name == b"IDAT" for part in parts):
        raise damaged("the file holds no picture")
    # the words alone: the picture's own bytes were checked once and need no second look
    words = b"".join(data[part.start : part.end] for part in parts if part.name != b"IDAT")
    return width, height, read_png_text(PNG_SIGNATURE + words)


def _jpeg(data: bytes) -> tuple[int, int, bytes]:
    parts = list(jpeg_segments(data))
    blocks = (
        part.payload[len(_EXIF_START) :]
        for part in parts
        if part.marker == _EXIF_SEGMENT and part.payload.startswith(_EXIF_START)
    )
    return *_size(list(jpeg_sizes(parts))), next(blocks, b"")


def _webp(data: bytes) -> tuple[int, int, bytes]:
    parts: list[Part] = list(webp_chunks(data))
    blocks = (part.payload.removeprefix(_EXIF_START) for part in parts if part.name == b"EXIF")
    return *_size(list(webp_sizes(parts))), next(blocks, b"")


def _size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if not sizes:
        raise damaged("the file holds no picture")
    return sizes[0]


def _camera_data(block: bytes) -> tuple[str | None, dict[str, Graph | None]]:
    """The user comment, and the graphs ComfyUI writes among the camera's own fields."""
    if not block:
        return None, {}
    exif = Image.Exif()
    try:
        exif.load(_EXIF_START + block)
        raw: object = cast("object", exif.get_ifd(_EXIF_BLOCK).get(_USER_COMMENT))
        fields = [str(value) for value in cast("dict[int, object]", exif).values()]
    except (ValueError, SyntaxError, OSError, TypeError, KeyError, IndexError, struct.error):
        return None, {}
    graphs = {name: _graph_in(fields, name) for name in ("prompt", "workflow")}
    return _comment(raw) if isinstance(raw, bytes) else None, graphs


def _graph_in(fields: list[str], name: str) -> Graph | None:
    """A graph behind its name: `prompt:{...}`."""
    for text in fields:
        if text[: len(name) + 1].casefold() == f"{name}:":
            try:
                value: object = json.loads(text[len(name) + 1 :].rstrip("\0 "))
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                return cast("Graph", value)
    return None


def _comment(raw: bytes) -> str | None:
    """The text behind the charset, as A1111 and its relatives write it."""
    charset, text = raw[:_CHARSET_BYTES], raw[_CHARSET_BYTES:]
    if charset.startswith(b"UNICODE"):
        is_little = text[1:2] == b"\0"
        words = text.decode("utf-16-le" if is_little else "utf-16-be", errors="replace")
    else:
        words = text.decode("utf-8", errors="replace")
    return words if words.strip("\0 ") else None
