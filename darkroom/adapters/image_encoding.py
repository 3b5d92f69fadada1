"""Write images: PNG only, the same pixels giving the same bytes.

Owns our encoder settings and the smaller copies that vision models and screens
are given. Metadata goes in only when the caller says so.
"""

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from darkroom.adapters.images import decode
from darkroom.adapters.png_text import MAX_TEXT_BYTES
from darkroom.core.errors import ImageRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL_SIDE = 256
_LEVEL = 6
_KEYWORD = re.compile(r"[!-~](?:[ -~]{0,77}[!-~])?\Z")
_CHANNELS = {3, 4}
_FLAT, _LAYERED = 2, 3


def encode_png(array: "NDArray[np.uint8]", text: Mapping[str, str] | None = None) -> bytes:
    """Encode uint8 pixels, grey, RGB or RGBA, with the given text chunks and no others."""
    layered = array.ndim == _LAYERED and array.shape[2] in _CHANNELS
    if array.dtype != "uint8" or not (layered or array.ndim == _FLAT) or not array.size:
        message = f"cannot write {array.dtype} values of shape {array.shape} as an image"
        raise ImageRefused("image-array", message)
    return png_of(Image.fromarray(array), text)


def png_of(picture: Image.Image, text: Mapping[str, str] | None = None) -> bytes:
    """Encode a decoded picture."""
    target = io.BytesIO()
    picture.save(target, format="PNG", compress_level=_LEVEL, pnginfo=_info(text or {}))
    return target.getvalue()


def _info(text: Mapping[str, str]) -> PngInfo:
    info = PngInfo()
    for keyword, value in sorted(text.items()):
        if not _KEYWORD.match(keyword):
            raise ImageRefused("image-text-name", f"{keyword[:90]!r} cannot name a PNG text")
        plain = value.encode("utf-8", errors="replace")
        if len(plain) > MAX_TEXT_BYTES:
            message = f"the text {keyword!r} exceeds {MAX_TEXT_BYTES} bytes"
            raise ImageRefused("image-text-too-large", message)
        info.add_text(keyword, plain.decode())
    return info


def limit(data: bytes, max_side: int) -> bytes:
    """A PNG of the image, without metadata, no side longer than `max_side`."""
    picture = decode(data).picture
    longest = max(picture.size)
    if longest > max_side:
        width, height = (max(1, round(side * max_side / longest)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return png_of(picture)


def thumbnail(data: bytes) -> bytes:
    """A small PNG for lists and grids."""
    return limit(data, THUMBNAIL_SIDE)
