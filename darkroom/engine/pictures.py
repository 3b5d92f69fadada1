"""Between image files and arrays [batch, height, width, 3] with values from 0 to 1.

Owns decoding with its limits, PNG with text chunks, scaling and preview frames.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

Array = NDArray[np.float32]
FORMATS = ("PNG", "JPEG", "WEBP")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
PREVIEW_SIDE = 512
_OPAQUE = "RGB"

SCALINGS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class TooManyPixelsError(RuntimeError):
    """An image or batch is larger than this engine holds."""


def within(pixels: int, limit: int) -> None:
    """Refuse before anything is allocated."""
    if pixels > limit:
        raise TooManyPixelsError(
            f"{pixels} pixels cannot be allocated: this engine stops at {limit}"
        )


def open_image(path: Path, limit: int) -> Image.Image:
    """Decode a file completely; the size in its header is checked first."""
    with Image.open(path, formats=FORMATS) as image:
        within(image.width * image.height, limit)
        image.load()
        return ImageOps.exif_transpose(image)


def load(path: Path, limit: int) -> tuple[Array, Array]:
    """An image and its mask (1 where it is transparent), as LoadImage gives them."""
    image = open_image(path, limit)
    pixels = np.asarray(image.convert(_OPAQUE), np.float32)[None] / np.float32(255)
    if not image.has_transparency_data:
        return pixels, np.zeros((1, 64, 64), np.float32)
    alpha = np.asarray(image.convert("RGBA").getchannel("A"), np.float32)[None]
    return pixels, 1 - alpha / np.float32(255)


def to_image(pixels: Array) -> Image.Image:
    """One picture [height, width, 3] as 8-bit RGB."""
    return Image.fromarray(np.clip(pixels * 255, 0, 255).astype(np.uint8), _OPAQUE)


def png(pixels: Array, texts: Mapping[str, Any], compress_level: int) -> bytes:
    """A PNG with JSON in its text chunks."""
    info = PngInfo()
    for keyword, value in texts.items():
        info.add_text(keyword, json.dumps(value))
    buffer = io.BytesIO()
    to_image(pixels).save(buffer, "PNG", pnginfo=info, compress_level=compress_level)
    return buffer.getvalue()


def scale(pixels: Array, width: int, height: int, method: str) -> Array:
    """A batch at another size; Pillow averages when it shrinks, whatever the method."""
    planes = (
        Image.fromarray(np.ascontiguousarray(picture[:, :, channel]), "F").resize(
            (width, height), SCALINGS[method]
        )
        for picture in pixels
        for channel in range(pixels.shape[3])
    )
    stack = np.stack([np.asarray(plane, np.float32) for plane in planes])
    stack = stack.reshape(len(pixels), pixels.shape[3], height, width)
    return np.clip(stack.transpose(0, 2, 3, 1), 0, 1)


def centre(pixels: Array, width: int, height: int) -> Array:
    """Cut a batch to the shape asked for, around its middle."""
    _, rows, columns, _ = pixels.shape
    if columns * height > width * rows:
        keep = max(1, round(rows * width / height))
        left = (columns - keep) // 2
        return pixels[:, :, left : left + keep]
    keep = max(1, round(columns * height / width))
    top = (rows - keep) // 2
    return pixels[:, top : top + keep]


def preview_jpeg(latent: Array) -> bytes:
    """A look at the first latent of a batch, at the size ComfyUI sends."""
    picture = (latent[0, :3].transpose(1, 2, 0) + 1) / 2
    image = to_image(np.asarray(picture, np.float32))
    side = (PREVIEW_SIDE, PREVIEW_SIDE)
    buffer = io.BytesIO()
    image.resize(side, Image.Resampling.NEAREST).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def converted(image: Image.Image, kind: str, quality: int) -> bytes:
    """A picture in another file format, for `/view?preview=`."""
    buffer = io.BytesIO()
    target = image if kind == "webp" and image.mode in {"RGB", "RGBA"} else image.convert(_OPAQUE)
    target.save(buffer, kind, quality=quality)
    return buffer.getvalue()


def channel(image: Image.Image, which: str) -> bytes:
    """Colours or transparency alone as PNG, for `/view?channel=`."""
    rgba = image.convert("RGBA")
    if which == "rgb":
        target = rgba.convert(_OPAQUE)
    else:
        target = Image.new("RGBA", rgba.size)
        target.putalpha(rgba.getchannel("A"))
    buffer = io.BytesIO()
    target.save(buffer, "PNG")
    return buffer.getvalue()


def with_alpha_of(original: Path, mask: bytes, limit: int) -> bytes:
    """An image with the transparency of another, for `/upload/mask`."""
    image = open_image(original, limit).convert("RGBA")
    with Image.open(io.BytesIO(mask), formats=FORMATS) as sent:
        within(sent.width * sent.height, limit)
        alpha = sent.convert("RGBA").getchannel("A")
    image.putalpha(alpha.resize(image.size))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
