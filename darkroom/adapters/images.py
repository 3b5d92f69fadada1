"""The one way an image enters: checked from the outside in, then decoded.

Owns the order of checks: kind by content, size in bytes, container complete,
pixels in the header, text and frames, and only then the decoder, which is given
the picture without its metadata. What comes out is 8-bit RGB, upright, with what
was assumed written down. Every fault of the decoder becomes ImageRefused.
Writing images is in image_encoding.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from PIL import Image, ImageFile

from darkroom.adapters.image_containers import (
    Part,
    damaged,
    jpeg_segments,
    jpeg_sizes,
    png_chunks,
    png_header,
    truncated,
    webp_chunks,
    webp_sizes,
)
from darkroom.adapters.image_kinds import Mime, sniff
from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.png_text import check_text
from darkroom.core.errors import ImageRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BYTES = 256_000_000
MAX_PIXELS = 64_000_000
Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
_DECODERS: dict[Mime, str] = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# what decoders of hostile bytes have been seen to raise; warnings may be errors too
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    AssertionError,
    MemoryError,
    EOFError,
    Warning,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# Our own cap is checked before the decoder's; should that ever be passed by, its warning stops it.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class DecodedImage:
    """An upright 8-bit RGB picture, and what had to be assumed to get it."""

    width: int
    height: int
    mime: Mime
    mode_in: str
    """The decoder's name for what the file held, e.g. `RGBA` or `I;16`."""
    notes: tuple[str, ...]
    background: Colour | None
    """The colour that transparent parts were laid on; None when nothing was transparent."""
    picture: Image.Image = field(repr=False, compare=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a sidecar should say of it: the assumptions made, and a picture of nothing."""
        extremes = [band.getextrema() for band in self.picture.split()]
        if any(low != high for low, high in extremes):
            return self.notes
        return (*self.notes, "every pixel has the same colour: the sampler may have failed")

    def rgb(self) -> "NDArray[np.uint8]":
        """The pixels as a (height, width, 3) array of uint8; numpy loads only now."""
        import numpy as np

        return np.asarray(self.picture, dtype=np.uint8)


def check_whole(data: bytes) -> Mime:
    """Refuse what is cut short or damaged as a file, by its structure and checksums alone.

    Costs a fraction of decoding; who keeps the image decodes it as well.
    """
    mime = sniff(data)
    if len(data) > MAX_BYTES:
        raise ImageRefused("image-too-large", f"{len(data)} bytes; at most {MAX_BYTES} are opened")
    _check_container(data, mime)
    return mime


def decode(data: bytes, *, background: Colour = WHITE) -> DecodedImage:
    """Decode a PNG, JPEG or WebP into upright 8-bit RGB, or raise ImageRefused."""
    mime = sniff(data)
    if len(data) > MAX_BYTES:
        raise ImageRefused("image-too-large", f"{len(data)} bytes; at most {MAX_BYTES} are opened")
    notes = _check_container(data, mime)
    with _translated(), _opened(strip_metadata(data), mime) as loaded:
        mode_in = _mode_of(loaded, data, mime)
        notes += _profile_notes(loaded, mode_in)
        upright = _turned(loaded, notes)
        picture, laid_on = _as_rgb(upright, background, notes)
    return DecodedImage(
        picture.width, picture.height, mime, mode_in, tuple(notes), laid_on, picture
    )


def _check_container(data: bytes, mime: Mime) -> list[str]:
    if mime == "image/png":
        return _check_png(data)
    if mime == "image/jpeg":
        parts = list(jpeg_segments(data))
        sizes = list(jpeg_sizes(parts))
    else:
        parts = list(webp_chunks(data))
        sizes = list(webp_sizes(parts))
    if not sizes:
        raise damaged("the file holds no picture")
    for width, height in sizes:
        _check_pixels(width, height)
    return _tail_note(data, parts)


def _check_png(data: bytes) -> list[str]:
    width, height, _depth, _colour = png_header(data)
    _check_pixels(width, height)
    chunks = list(png_chunks(data))
    check_text(chunks)
    for chunk in chunks:
        if chunk.name == b"acTL" and chunk.payload[:4] not in {b"", b"\0\0\0\1"}:
            raise _animated(int.from_bytes(chunk.payload[:4], "big"))
    return _tail_note(data, chunks)


def _tail_note(data: bytes, parts: list[Part]) -> list[str]:
    after = len(data) - parts[-1].end
    return [f"{after} bytes after the end of the picture were ignored"] if after > 0 else []


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        message = f"{width}x{height} pixels; at most {MAX_PIXELS} are opened"
        raise ImageRefused("image-too-large", message)


def _animated(frames: int) -> ImageRefused:
    return ImageRefused("image-animated", f"{frames} frames; one is expected")


@contextmanager
def _opened(data: bytes, mime: Mime) -> Generator[Image.Image]:
    # Other libraries switch this on for the whole process; half an image is no image.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with Image.open(io.BytesIO(data), formats=[_DECODERS[mime]]) as image:
        _check_pixels(*image.size)
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise _animated(frames)
        image.load()
        yield image


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except _FAULTS as exc:
        text = f"{type(exc).__name__}: {exc}"[:200]
        if "truncated" in text.lower():
            raise truncated(f"in mid-picture ({text})") from exc
        raise damaged(f"cannot be decoded ({text})") from exc


def _mode_of(image: Image.Image, data: bytes, mime: Mime) -> str:
    if mime == "image/png" and png_header(data)[2] == 16 and not image.mode.startswith("I"):  # noqa: PLR2004
        return f"{image.mode};16"
    return image.mode


def _profile_notes(image: Image.Image, mode_in: str) -> list[str]:
    notes: list[str] = []
    if image.info.get("icc_profile"):
        notes.append("the colour profile was ignored; values are read as sRGB")
    if mode_in in {"RGB;16", "RGBA;16", "LA;16"}:
        notes.append("16 bits per channel were reduced to their high byte")
    return notes


def _turned(image: Image.Image, notes: list[str]) -> Image.Image:
    orientation = image.getexif().get(_ORIENTATION)
    how = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    if how is None:
        return image
    notes.append(f"turned upright (EXIF orientation {orientation})")
    return image.transpose(how)


def _as_rgb(
    image: Image.Image, background: Colour, notes: list[str]
) -> tuple[Image.Image, Colour | None]:
    transparency: object = image.info.get("transparency")
    if image.mode == "RGB" and transparency is not None:
        image.info["transparency"] = _in_8_bits(cast("tuple[int, ...]", transparency))
    if image.mode.startswith("I"):
        image, transparency = _from_16_bits(image, transparency, notes), None
    if transparency is None and image.mode not in {"RGBA", "LA", "PA", "RGBa", "La"}:
        return image.convert("RGB"), None
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return layered.convert("RGB"), None
    notes.append(f"transparent parts were laid on the colour {background}")
    below = Image.new("RGBA", layered.size, (*background, 255))
    return Image.alpha_composite(below, layered).convert("RGB"), background


def _in_8_bits(colour: tuple[int, ...]) -> tuple[int, ...]:
    """Of 16-bit images the decoder reduces the pixels, but not the transparent colour."""
    return tuple(value >> 8 for value in colour) if max(colour) > 255 else colour  # noqa: PLR2004


def _from_16_bits(image: Image.Image, transparency: object, notes: list[str]) -> Image.Image:
    """Divide by 257, so that 65535 becomes 255; Pillow alone would clip at 255."""
    import numpy as np

    values = np.asarray(image).astype(np.int64).clip(0, 65_535)
    notes.append("16-bit grey values were divided by 257")
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if isinstance(transparency, int):
        opaque = np.where(values == transparency, 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opaque))
    return grey
