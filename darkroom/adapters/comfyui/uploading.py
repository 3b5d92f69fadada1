"""Send input images: whole ones only, under a name that is their content.

Owns the decode before sending (a server draws garbage from half an image and calls it
success), the check against the server's limit, and the use of the name it gives back.
"""

import hashlib
from http import HTTPStatus

from darkroom.adapters.comfyui.faults import refused_status
from darkroom.adapters.comfyui.server_limits import largest_upload
from darkroom.adapters.comfyui.transport import Reply, Transport
from darkroom.adapters.images import decode
from darkroom.core.errors import ComfyError, ImageRefused
from darkroom.core.workflow.json_shape import as_object, text_at

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_FORM_BYTES = 4096
"""What the form around the image takes, generously."""


def upload(transport: Transport, data: bytes) -> str:
    """Send an image; returns the name by which a graph may refer to it."""
    mime = decode(data).mime
    most = largest_upload(transport)
    if len(data) + _FORM_BYTES > most:
        raise _too_large(len(data), most)
    name = f"{hashlib.sha256(data).hexdigest()}.{_SUFFIXES[mime]}"
    reply = transport.post_file("/upload/image", (name, data, mime), {"type": "input"})
    if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise _too_large(len(data), most)
    if not reply.is_ok:
        raise refused_status(reply.status, reply.where)
    return _given_name(reply)


def _given_name(reply: Reply) -> str:
    answer = as_object(reply.json()) or {}
    name, subfolder = text_at(answer, "name"), text_at(answer, "subfolder")
    if not name:
        raise ComfyError("comfy-answer", "the server names no uploaded file", where=reply.where)
    return f"{subfolder}/{name}" if subfolder else name


def _too_large(size_bytes: int, most_bytes: int) -> ImageRefused:
    message = f"{size_bytes} bytes; the server takes requests of {most_bytes} bytes at most"
    return ImageRefused("upload-too-large", message)
