"""Routes of files: /view and /upload.

Names come from outside; `Folders` alone turns them into paths.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from darkroom.engine import pictures
from darkroom.engine.documents import mapping, text
from darkroom.engine.files import KINDS, Folders, UnsafeNameError, annotated, replace
from darkroom.engine.server.engine import engine_of
from darkroom.engine.server.replies import ServerTrouble, as_json, nothing

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_YES = ("true", "1")
_UNREADABLE = (OSError, SyntaxError, ValueError, pictures.TooManyPixelsError)
_PREVIEW = re.compile(r"(?P<kind>webp|jpeg)(;(?P<quality>\d{1,3}))?")


async def view(request: Request) -> Response:
    """GET /view."""
    asked, folders = request.query_params, engine_of(request).folders
    if not asked.get("filename"):
        return nothing(404)
    name, kind = annotated(asked["filename"], asked.get("type", "output"))
    if name.startswith("/") or ".." in name or kind not in KINDS:
        return nothing(400)
    try:
        path = folders.inside(kind, asked.get("subfolder", ""), Path(name).name)
        if not path.is_file():
            return nothing(404)
    except (UnsafeNameError, OSError):
        return nothing(403)
    limit = engine_of(request).settings.limits.pixels
    if "preview" in asked or "channel" in asked:
        return await run_in_threadpool(_changed, path, dict(asked), limit)
    media_type = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=media_type, headers=_named(path))


def _named(path: Path) -> dict[str, str]:
    return {"content-disposition": f'filename="{quote(path.name, safe=" ()[]+,")}"'}


def _changed(path: Path, asked: dict[str, str], limit: int) -> Response:
    """The picture in another format, or one of its channels."""
    try:
        image = pictures.open_image(path, limit)
    except (*_UNREADABLE, Image.DecompressionBombError) as exc:
        raise ServerTrouble from exc
    if "preview" in asked:
        match = _PREVIEW.match(asked["preview"])
        kind = match["kind"] if match else "webp"
        quality = int((match and match["quality"]) or 90)
        data = pictures.converted(image, kind, min(quality, 100))
        return Response(data, media_type=f"image/{kind}", headers=_named(path))
    if asked["channel"] not in {"rgb", "a"}:
        media_type = _TYPES.get(path.suffix.lower(), "application/octet-stream")
        return FileResponse(path, media_type=media_type, headers=_named(path))
    data = pictures.channel(image, asked["channel"])
    return Response(data, media_type="image/png", headers=_named(path))


async def upload_image(request: Request) -> Response:
    """POST /upload/image: keep the bytes, whatever they are."""
    async with request.form(max_files=4, max_fields=20) as form:
        return await _kept(form, engine_of(request).folders, _unchanged)


async def upload_mask(request: Request) -> Response:
    """POST /upload/mask: put the transparency of what was sent onto an image that is there."""
    folders, limit = engine_of(request).folders, engine_of(request).settings.limits.pixels
    async with request.form(max_files=4, max_fields=20) as form:
        original = _original(form, folders)
        if original is None:
            return nothing(400)
        return await _kept(form, folders, partial(_masked, original, limit))


def _original(form: FormData, folders: Folders) -> Path | None:
    try:
        ref = mapping(json.loads(str(form.get("original_ref", ""))))
        name, kind = annotated(ref.get("filename", ""), ref.get("type", "output"))
        path = folders.inside(kind, ref.get("subfolder", ""), name)
        return path if path.is_file() else None
    except (ValueError, TypeError, OSError):
        return None


def _unchanged(data: bytes) -> bytes:
    return data


def _masked(original: Path, limit: int, data: bytes) -> bytes:
    try:
        return pictures.with_alpha_of(original, data, limit)
    except (*_UNREADABLE, Image.DecompressionBombError) as exc:
        raise ServerTrouble from exc


async def _kept(form: FormData, folders: Folders, change: Callable[[bytes], bytes]) -> Response:
    image = form.get("image")
    if not isinstance(image, UploadFile) or not image.filename:
        return nothing(400)
    kind, subfolder = _said(form, "type") or "input", _said(form, "subfolder")
    if kind not in KINDS:
        raise ServerTrouble
    try:
        path = folders.inside(kind, subfolder, image.filename)
        folder = folders.inside(kind, subfolder)
    except UnsafeNameError:
        return nothing(400)
    if path.parent != folder or path == folder:
        raise ServerTrouble
    data = await run_in_threadpool(change, await image.read())
    overwrite = _said(form, "overwrite") in _YES
    try:
        name = await run_in_threadpool(_place, path, data, overwrite)
    except OSError as exc:  # a name too long, or a folder in its place
        raise ServerTrouble from exc
    return as_json({"name": name, "subfolder": subfolder, "type": kind})


def _said(form: FormData, field: str) -> str:
    return text(form.get(field)) or ""


def _place(path: Path, data: bytes, overwrite: bool) -> str:
    """Write under this name, or a numbered one where other bytes have it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, target = 1, path
    while not overwrite and target.exists():
        if target.read_bytes() == data:
            return target.name
        target = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    replace(target, data)
    return target.name
