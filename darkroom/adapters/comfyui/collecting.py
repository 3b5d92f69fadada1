"""Download what a job made, whole and verified.

Owns the request to `/view`, the repetition when the bytes are not a whole image, and the
distinction of a file that is gone (a cached result whose file was deleted): that job is
lost and has to be drawn again under another file name.
"""

from collections.abc import Callable
from http import HTTPStatus

from darkroom.adapters.comfyui.faults import refused_status
from darkroom.adapters.comfyui.transport import Transport
from darkroom.core.errors import (
    ComfyUnreachable,
    DarkroomError,
    ImageRefused,
    JobFailed,
    JobLost,
)
from darkroom.core.jobs import OutputFile

FETCHES = 3
Verify = Callable[[bytes], object]
"""Raises ImageRefused for what is no whole image."""


def fetch(transport: Transport, output: OutputFile, verify: Verify) -> bytes:
    """The bytes of one output file, proved to be a whole file."""
    last: DarkroomError | None = None
    for _ in range(FETCHES):
        try:
            data = _viewed(transport, output)
            verify(data)
        except (ImageRefused, ComfyUnreachable) as error:
            last = error
        else:
            return data
    if isinstance(last, ImageRefused):
        message = f"{output.filename} arrived {FETCHES} times as no whole image: {last.message}"
        raise JobFailed("output-damaged", message, where=transport.address.url("/view")) from last
    assert last is not None
    raise last


def _viewed(transport: Transport, output: OutputFile) -> bytes:
    where = {"filename": output.filename, "subfolder": output.subfolder, "type": output.kind}
    reply = transport.get_once("/view", where, limit_s=transport.timing.transfer_s)
    if reply.status == HTTPStatus.NOT_FOUND:
        message = f"the server no longer has {output.filename}; its cache named an old file"
        raise JobLost("output-gone", message, where=reply.where)
    if not reply.is_ok:
        raise refused_status(reply.status, reply.where)
    if reply.content_type.startswith(("text/", "application/json")):
        kind = reply.content_type.partition(";")[0]
        raise ImageRefused("image-format", f"the answer is {kind}, not an image")
    return reply.body
