"""What a server says of itself.

Owns the reading of `/system_stats` and of how busy it is. Nothing here is cached: it is
asked when somebody wants to know now.
"""

import time
from dataclasses import dataclass

from darkroom.adapters.comfyui.states import pending_ids, running_ids
from darkroom.adapters.comfyui.transport import Transport
from darkroom.core.errors import ComfyError, ComfyUnreachable
from darkroom.core.jobs import EngineReceipt
from darkroom.core.workflow.json_shape import (
    as_object,
    list_at,
    object_at,
    text_at,
    whole_number,
)


@dataclass(frozen=True)
class Health:
    """A server that answers, as it describes itself."""

    receipt: EngineReceipt
    where: str
    vram_free_bytes: int | None
    vram_total_bytes: int | None
    ram_free_bytes: int | None
    running: int
    pending: int

    @property
    def looks_dead(self) -> bool:
        """Jobs wait and none runs; true for a moment between two jobs as well."""
        return self.pending > 0 and self.running == 0


def read_receipt(transport: Transport, name: str) -> EngineReceipt:
    """Version and device of the server."""
    return _receipt(_stats(transport), name, transport)


def read_health(transport: Transport, name: str) -> Health:
    """Everything the server says of itself now."""
    stats = _stats(transport)
    device = _device(stats)
    queue = transport.get("/queue").expect_ok().json()
    return Health(
        receipt=_receipt(stats, name, transport),
        where=transport.address.base,
        vram_free_bytes=whole_number(device.get("vram_free")),
        vram_total_bytes=whole_number(device.get("vram_total")),
        ram_free_bytes=whole_number(object_at(stats, "system").get("ram_free")),
        running=len(running_ids(queue)),
        pending=len(pending_ids(queue)),
    )


def await_up(transport: Transport, deadline_s: float) -> None:
    """Return as soon as the server answers, or raise when the time is over."""
    until = time.monotonic() + deadline_s
    while True:
        try:
            _stats(transport)
        except ComfyUnreachable:
            if time.monotonic() >= until:
                raise
            time.sleep(transport.timing.retry_pause_s)
        else:
            return


def _stats(transport: Transport) -> dict[str, object]:
    reply = transport.get_once("/system_stats").expect_ok()
    stats = as_object(reply.json())
    if stats is None or not as_object(stats.get("system")):
        raise ComfyError("comfy-answer", "no ComfyUI answers at this address", where=reply.where)
    return dict(stats)


def _device(stats: dict[str, object]) -> dict[str, object]:
    devices = list_at(stats, "devices")
    return dict((as_object(devices[0]) if devices else None) or {})


def _receipt(stats: dict[str, object], name: str, transport: Transport) -> EngineReceipt:
    system, device = object_at(stats, "system"), _device(stats)
    version = text_at(system, "comfyui_version")
    if not version:
        raise ComfyError(
            "comfy-answer",
            "the server does not say which ComfyUI it is",
            where=transport.address.base,
        )
    return EngineReceipt(
        kind="embedded" if object_at(system, "darkroom") else "comfyui",
        version=version,
        host=name,
        device=text_at(device, "name") or text_at(device, "type") or None,
        python=text_at(system, "python_version").partition(" ")[0] or None,
        torch=text_at(system, "pytorch_version").replace("none", "") or None,
    )
