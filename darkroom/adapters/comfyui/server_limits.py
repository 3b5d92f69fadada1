"""What a server says it takes at most.

Owns the reading of `/features`, which old servers do not have.
"""

from darkroom.adapters.comfyui.transport import Transport
from darkroom.core.errors import ComfyError
from darkroom.core.workflow.json_shape import as_object, whole_number

USUAL_BYTES = 104_857_600


def largest_upload(transport: Transport) -> int:
    """The most bytes one request may hold."""
    try:
        features = as_object(transport.get("/features").expect_ok().json()) or {}
    except ComfyError:
        return USUAL_BYTES
    return whole_number(features.get("max_upload_size")) or USUAL_BYTES
