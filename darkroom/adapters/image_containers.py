"""The outer shape of PNG, JPEG and WebP files: chunks and segments, without decoding.

Owns the checks a decoder leaves out or makes too late: complete to the last
marker, checksums, the size in the header before anything of that size is
allocated. Yields parts; what they mean is the callers' business.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from darkroom.core.errors import ImageRefused

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
MAX_PARTS = 100_000
MAX_SCANS = 100
_PNG_NAME = re.compile(rb"[A-Za-z]{4}\Z")
_IHDR_BYTES = 13
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9


@dataclass(frozen=True)
class Part:
    """One PNG or WebP chunk (`name`), or one JPEG segment (`marker`)."""

    name: bytes
    payload: bytes
    start: int
    end: int
    """Where the part, framing included, lies in the file."""

    @property
    def marker(self) -> int:
        """The second byte of a JPEG marker."""
        return self.name[-1]


def truncated(what: str) -> ImageRefused:
    """The refusal for a file that ends too early."""
    return ImageRefused("image-truncated", f"the file ends {what}")


def damaged(what: str) -> ImageRefused:
    """The refusal for a file whose parts contradict each other."""
    return ImageRefused("image-damaged", what)


def png_chunks(data: bytes) -> Iterator[Part]:
    """Yield the chunks up to and including IEND, each with its checksum verified."""
    position = len(PNG_SIGNATURE)
    for count in range(MAX_PARTS):
        if position + 12 > len(data):
            raise truncated(f"before its IEND chunk, at byte {len(data)}")
        length, name = struct.unpack_from(">I4s", data, position)
        if not _PNG_NAME.match(name) or (count == 0) != (name == b"IHDR"):
            raise damaged(f"chunk {name!r} at byte {position} cannot stand there")
        end = position + 12 + length
        if end > len(data):
            raise truncated(f"within a {name.decode()} chunk, at byte {len(data)}")
        payload = data[position + 8 : end - 4]
        if zlib.crc32(payload, zlib.crc32(name)) != int.from_bytes(data[end - 4 : end], "big"):
            raise damaged(f"the checksum of the {name.decode()} chunk at byte {position} is wrong")
        yield Part(name, payload, position, end)
        if name == b"IEND":
            return
        position = end
    raise damaged(f"more than {MAX_PARTS} chunks")


def png_header(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, bit depth and colour type, from the first chunk."""
    header = next(png_chunks(data)).payload
    if len(header) != _IHDR_BYTES:
        raise damaged(f"the header has {len(header)} bytes in place of 13")
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    return width, height, depth, colour


def jpeg_segments(data: bytes) -> Iterator[Part]:
    """Yield the segments up to and including the end marker; a scan includes its data."""
    position, scans = 2, 0
    for _ in range(MAX_PARTS):
        start, marker, position = _next_marker(data, position)
        if marker not in _ALONE and marker != _END:
            position = _after_length(data, position, marker)
        payload_end = position
        if marker == _SCAN:
            scans += 1
            position = _after_scan(data, position)
        if scans > MAX_SCANS:
            raise damaged(f"more than {MAX_SCANS} scans")
        yield Part(bytes((0xFF, marker)), data[start + 4 : payload_end], start, position)
        if marker == _END:
            return
    raise damaged(f"more than {MAX_PARTS} segments")


def _next_marker(data: bytes, position: int) -> tuple[int, int, int]:
    start = position
    while data[position : position + 1] == b"\xff":
        position += 1
    if position >= len(data):
        raise truncated(f"before its end marker, at byte {len(data)}")
    if position == start or data[position] == 0:
        raise damaged(f"no marker at byte {start}")
    return position - 1, data[position], position + 1


def _after_length(data: bytes, position: int, marker: int) -> int:
    length = int.from_bytes(data[position : position + 2], "big")
    if position + max(length, 2) > len(data):
        raise truncated(f"within segment {marker:#x}, at byte {len(data)}")
    if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
        raise damaged(f"segment {marker:#x} at byte {position} has no room for its length")
    return position + length


def _after_scan(data: bytes, position: int) -> int:
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise truncated(f"within its picture data, at byte {len(data)}")
    return found.start()


def jpeg_sizes(segments: Iterable[Part]) -> Iterator[tuple[int, int]]:
    """Every size a JPEG claims to have."""
    for segment in segments:
        if segment.marker in _FRAME_HEADERS and len(segment.payload) >= 5:  # noqa: PLR2004
            height, width = struct.unpack_from(">HH", segment.payload, 1)
            yield width, height


def webp_chunks(data: bytes) -> Iterator[Part]:
    """Yield the chunks of the RIFF container."""
    end_of_file = int.from_bytes(data[4:8], "little") + 8
    if end_of_file > len(data):
        raise truncated(f"at byte {len(data)} of {end_of_file}")
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > end_of_file:
            return
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length
        if end > end_of_file:
            raise truncated(f"within chunk {name!r}, at byte {end_of_file}")
        padded = min(end + length % 2, end_of_file)
        yield Part(name, data[position + 8 : end], position, padded)
        position = padded
    raise damaged(f"more than {MAX_PARTS} chunks")


def webp_sizes(chunks: Iterable[Part]) -> Iterator[tuple[int, int]]:
    """Every size a WebP claims to have."""
    for chunk in chunks:
        body = chunk.payload
        if chunk.name == b"VP8X" and len(body) >= 10:  # noqa: PLR2004
            yield (
                int.from_bytes(body[4:7], "little") + 1,
                int.from_bytes(body[7:10], "little") + 1,
            )
        elif chunk.name == b"VP8L" and len(body) >= 5:  # noqa: PLR2004
            bits = int.from_bytes(body[1:5], "little")
            yield (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        elif chunk.name == b"VP8 " and len(body) >= 10:  # noqa: PLR2004
            width, height = struct.unpack_from("<HH", body, 6)
            yield width & 0x3FFF, height & 0x3FFF
