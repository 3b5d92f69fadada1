"""Take the metadata out of an image without touching a pixel.

Owns the list of parts that stay: what is needed to show the picture in its true
colours and the right way up. Prompts, places, cameras and previews go, and so
does anything after the end of the image.
"""

import struct
import warnings
import zlib
from collections.abc import Callable

from PIL import Image

from darkroom.adapters.image_containers import (
    PNG_SIGNATURE,
    jpeg_segments,
    png_chunks,
    webp_chunks,
)
from darkroom.adapters.image_kinds import Mime, sniff

_PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"),
    *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP", b"mDCV", b"cLLI"),
}
_WEBP_KEPT = {
    b"VP8X",
    b"VP8 ",
    b"VP8L",
    b"ALPH",
    b"ICCP",
    b"ANIM",
    b"ANMF",
}  # codespell:ignore ALPH
_WEBP_XMP_FLAG, _WEBP_EXIF_FLAG = 0x04, 0x08
_JPEG_APPLICATION = range(0xE0, 0xF0)
_JPEG_COMMENT, _JPEG_SCAN, _JPEG_END = 0xFE, 0xDA, 0xD9
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_ORIENTATION = 0x0112
_TURNED = range(2, 9)

# Damaged EXIF data costs nothing here; the decoder's remarks about it would reach the terminal.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")


def strip_metadata(data: bytes) -> bytes:
    """The same picture, bit for bit, without metadata."""
    return _STRIPPERS[sniff(data)](data)


def _strip_png(data: bytes) -> bytes:
    kept: list[bytes] = []
    turned = b""
    for chunk in png_chunks(data):
        if chunk.name == b"eXIf":
            turned = _png_chunk(b"eXIf", _only_orientation(chunk.payload))
        elif chunk.name in _PNG_KEPT:
            kept.append(data[chunk.start : chunk.end])
    return b"".join([PNG_SIGNATURE, *kept[:-1], turned, kept[-1]])


def _png_chunk(name: bytes, payload: bytes) -> bytes:
    if not payload:
        return b""
    checksum = zlib.crc32(payload, zlib.crc32(name))
    return struct.pack(">I4s", len(payload), name) + payload + struct.pack(">I", checksum)


def _strip_jpeg(data: bytes) -> bytes:
    kept = [data[:2]]
    for segment in jpeg_segments(data):
        if segment.marker == 0xE1 and segment.payload.startswith(b"Exif\0\0"):  # noqa: PLR2004
            body = _only_orientation(segment.payload[6:])
            if body:
                kept.append(struct.pack(">BBH", 0xFF, 0xE1, len(body) + 8) + b"Exif\0\0" + body)
        elif _stays(segment.marker, segment.payload):
            kept.append(data[segment.start : segment.end])
    return b"".join(kept)


def _stays(marker: int, payload: bytes) -> bool:
    if marker in _JPEG_APPLICATION:
        return marker in _JPEG_KEPT and payload.startswith(_JPEG_KEPT[marker])
    return marker != _JPEG_COMMENT


def _strip_webp(data: bytes) -> bytes:
    kept: list[bytes] = []
    turned = b""
    for chunk in webp_chunks(data):
        if chunk.name == b"EXIF":
            turned = _only_orientation(chunk.payload.removeprefix(b"Exif\0\0"))
        elif chunk.name in _WEBP_KEPT:
            kept.append(data[chunk.start : chunk.end])
    if kept and kept[0].startswith(b"VP8X"):
        flags = kept[0][8] & ~(_WEBP_XMP_FLAG | _WEBP_EXIF_FLAG)
        flags |= _WEBP_EXIF_FLAG if turned else 0
        kept[0] = kept[0][:8] + bytes((flags,)) + kept[0][9:]
    if turned:
        kept.append(b"EXIF" + struct.pack("<I", len(turned)) + turned)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _only_orientation(exif: bytes) -> bytes:
    """EXIF data that says which way is up and nothing else; empty when that is usual."""
    reader = Image.Exif()
    try:
        reader.load(b"Exif\0\0" + exif)
        orientation = reader.get(_ORIENTATION)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error, Warning):
        return b""
    if not isinstance(orientation, int) or orientation not in _TURNED:
        return b""
    entry = struct.pack("<HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


_STRIPPERS: dict[Mime, Callable[[bytes], bytes]] = {
    "image/png": _strip_png,
    "image/jpeg": _strip_jpeg,
    "image/webp": _strip_webp,
}
