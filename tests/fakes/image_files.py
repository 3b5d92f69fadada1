"""Image files made by hand, good and bad, small enough to make anew in each test."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, payload: bytes, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(payload, zlib.crc32(name)) if checksum is None else checksum
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", crc)


def header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def raw_png(
    width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2, extra: bytes = b""
) -> bytes:
    """A PNG from rows that already hold their filter bytes."""
    body = chunk(b"IDAT", zlib.compress(rows))
    return SIGNATURE + header(width, height, depth, colour) + extra + body + chunk(b"IEND", b"")


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The PNG with chunks put in right after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def gradient(width: int = 24, height: int = 16) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pixels that are all different, so that turning or cutting shows."""
    values = np.arange(width * height * 3, dtype=np.uint32) * 7 % 251
    return values.astype(np.uint8).reshape(height, width, 3)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, format=kind, **options)
    return target.getvalue()


def png(width: int = 24, height: int = 16, **options: Any) -> bytes:
    return saved(Image.fromarray(gradient(width, height)), "PNG", **options)


def jpeg(width: int = 24, height: int = 16, **options: Any) -> bytes:
    return saved(Image.fromarray(gradient(width, height)), "JPEG", **options)


def webp(width: int = 24, height: int = 16, **options: Any) -> bytes:
    return saved(Image.fromarray(gradient(width, height)), "WEBP", **options)


def exif(orientation: int = 1, **tags: str) -> bytes:
    """EXIF data with an orientation and, for good measure, a camera's name."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = tags.get("make", "Camera of a person")
    return data.tobytes()
