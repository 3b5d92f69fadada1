"""Nodes that read, make, scale and save images."""

import hashlib
import random
import string
import time
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.engine import pictures
from darkroom.engine.diffusers import Array
from darkroom.engine.files import UnsafeNameError
from darkroom.engine.nodes.definition import (
    Around,
    Call,
    Input,
    NodeType,
    Result,
    Values,
    choice,
    link,
    number,
)

_SAVE_LEVEL = 4
_PREVIEW_LEVEL = 1
# A suffix per process, as ComfyUI has: previews of two servers do not mix.
_TEMP = "".join(random.choices(string.ascii_lowercase, k=5))  # not a secret


class OutsideFolderError(Exception):
    """A file name prefix points outside the folder it may write to."""


def _path(values: Values, around: Around) -> Path:
    path = around.folders.find(values["image"])
    if path is None:
        raise FileNotFoundError(f"no such input image: {values['image']}")
    return path


def _load(call: Call) -> Result:
    return Result(pictures.load(_path(call.values, call.around), call.around.limits.pixels))


def _must_exist(values: Values, around: Around) -> dict[str, str]:
    name = values.get("image")
    if isinstance(name, str) and around.folders.find(name) is None:
        return {"image": f"Invalid image file: {name}"}
    return {}


def _content(values: Values, around: Around) -> str:
    return hashlib.sha256(_path(values, around).read_bytes()).hexdigest()


def _plain(call: Call) -> Result:
    height, width = call.values["height"], call.values["width"]
    batch, colour = call.values["batch_size"], call.values["color"]
    pictures.within(batch * height * width, call.around.limits.pixels)
    rgb = np.asarray([(colour >> 16) & 255, (colour >> 8) & 255, colour & 255], np.float32) / 255
    return Result((np.broadcast_to(rgb, (batch, height, width, 3)),))


def _scale(call: Call) -> Result:
    pixels: Array = call.values["image"]
    width, height = call.values["width"], call.values["height"]
    if not width and not height:
        return Result((pixels,))
    _, rows, columns, _ = pixels.shape
    width = width or max(1, round(columns * height / rows))
    height = height or max(1, round(rows * width / columns))
    pictures.within(len(pixels) * width * height, call.around.limits.pixels)
    if call.values["crop"] == "center":
        pixels = pictures.centre(pixels, width, height)
    return Result((pictures.scale(pixels, width, height, call.values["upscale_method"]),))


def _save(call: Call) -> Result:
    return _keep(call, "output", call.values["filename_prefix"], _SAVE_LEVEL)


def _preview(call: Call) -> Result:
    return _keep(call, "temp", f"ComfyUI_temp_{_TEMP}", _PREVIEW_LEVEL)


def _keep(call: Call, kind: str, prefix: str, level: int) -> Result:
    images: Array = call.values["images"]
    prefix = _filled(prefix, images)
    try:
        saved = [
            call.around.folders.save(kind, prefix, pictures.png(picture, call.texts, level))
            for picture in images
        ]
    except UnsafeNameError as exc:
        raise OutsideFolderError("Saving image outside the output folder is not allowed.") from exc
    return Result((images,), {"images": [vars(entry) for entry in saved]})


def _filled(prefix: str, images: Array) -> str:
    """Put size and date where the prefix asks for them."""
    now = time.localtime()
    values: dict[str, Any] = {
        "width": images.shape[2],
        "height": images.shape[1],
        "year": now.tm_year,
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    for name, value in values.items():
        prefix = prefix.replace(f"%{name}%", str(value))
    return prefix


def _files(around: Around) -> list[str]:
    return around.folders.inputs(pictures.ENDINGS)


def _side(name: str, minimum: int) -> Input:
    return number(name, "INT", default=512, min=minimum, max=16384, step=1)


_IMAGE = (("IMAGE", "IMAGE"),)
_SHOWN = (("IMAGE", "images"),)

NODES = (
    NodeType(
        "LoadImage",
        "Load Image",
        "image",
        (choice("image", _files, closed=False, image_upload=True),),
        (("IMAGE", "IMAGE"), ("MASK", "MASK")),
        _load,
        check=_must_exist,
        fingerprint=_content,
    ),
    NodeType(
        "EmptyImage",
        "Empty Image",
        "image",
        (
            _side("width", 1),
            _side("height", 1),
            number("batch_size", "INT", default=1, min=1, max=4096),
            number("color", "INT", default=0, min=0, max=0xFFFFFF, step=1, display="color"),
        ),
        _IMAGE,
        _plain,
    ),
    NodeType(
        "ImageScale",
        "Upscale Image",
        "image/upscaling",
        (
            link("image", "IMAGE"),
            choice("upscale_method", lambda _around: tuple(pictures.SCALINGS)),
            _side("width", 0),
            _side("height", 0),
            choice("crop", lambda _around: ("disabled", "center")),
        ),
        _IMAGE,
        _scale,
    ),
    NodeType(
        "SaveImage",
        "Save Image",
        "image",
        (
            link("images", "IMAGE", tooltip="The images to save."),
            Input("filename_prefix", "STRING", {"default": "ComfyUI"}),
        ),
        _SHOWN,
        _save,
        "Saves images, with the graph in their text chunks.",
        is_output=True,
    ),
    NodeType(
        "PreviewImage",
        "Preview Image",
        "image",
        (link("images", "IMAGE"),),
        _SHOWN,
        _preview,
        "Saves images to the temporary folder.",
        is_output=True,
    ),
)
