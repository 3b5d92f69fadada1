"""Routes that say what this server is: system_stats, features, models, object_info."""

import hashlib
import os
import platform
import sys
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from darkroom import __version__
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Around
from darkroom.engine.server.engine import engine_of
from darkroom.engine.server.replies import as_json, nothing
from darkroom.engine.server.sockets import features
from darkroom.engine.settings import PROTOCOL_VERSION, WEIGHTS


def _memory() -> tuple[int, int]:
    """Bytes in all and free, where the system tells."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0, 0


@cache
def comfyui_version() -> str:
    """The protocol spoken, that this is not ComfyUI, and which weights it has.

    A version that semver and PEP 440 can both read. Other weights draw other pictures, so
    they must not answer for jobs that these have drawn.
    """
    digest = hashlib.sha256((WEIGHTS / "SHA256SUMS").read_bytes()).hexdigest()
    return f"{PROTOCOL_VERSION}+darkroom.{digest[:12]}"


async def system_stats(request: Request) -> Response:
    """GET /system_stats: ComfyUI's fields, and plainly that this is not ComfyUI."""
    total, free = _memory()
    system: dict[str, Any] = {
        "os": sys.platform,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": comfyui_version(),
        "required_frontend_version": "none",
        "installed_templates_version": None,
        "required_templates_version": "none",
        "comfy_package_versions": [],
        "python_version": sys.version,
        "pytorch_version": "none",
        "embedded_python": False,
        "deploy_environment": "darkroom",
        "argv": ["darkroom.engine"],
        "darkroom": {
            "kind": "embedded",
            "version": __version__,
            "instance": engine_of(request).settings.instance,
        },
    }
    device = {
        "name": f"cpu {platform.machine()}",
        "type": "cpu",
        "index": None,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": total,
        "torch_vram_free": free,
    }
    return as_json({"system": system, "devices": [device]})


async def feature_list(request: Request) -> Response:
    """GET /features."""
    return as_json(features(engine_of(request).settings.limits))


def _models(around: Around) -> dict[str, list[str]]:
    return {
        "checkpoints": list(around.diffusion.checkpoints),
        "loras": list(around.diffusion.loras),
        "vae": [],
        "text_encoders": [],
        "embeddings": [],
    }


async def model_folders(request: Request) -> Response:
    """GET /models."""
    return as_json(list(_models(await engine_of(request).ready())))


async def model_folder(request: Request) -> Response:
    """GET /models/{folder}."""
    models = _models(await engine_of(request).ready())
    folder = request.path_params["folder"]
    return as_json(models[folder]) if folder in models else nothing(404)


async def embeddings(_request: Request) -> Response:
    """GET /embeddings: there are none."""
    return as_json([])


async def object_info(request: Request) -> Response:
    """GET /object_info: every node."""
    around = await engine_of(request).ready()
    return as_json({name: node.info(around) for name, node in NODES.items()})


async def object_info_of_one(request: Request) -> Response:
    """GET /object_info/{node}; an unknown class is an empty answer."""
    around = await engine_of(request).ready()
    name = request.path_params["node"]
    return as_json({name: NODES[name].info(around)} if name in NODES else {})


async def assets(_request: Request) -> Response:
    """GET /api/assets: ComfyUI's answer where that service is off."""
    message = "Assets system is disabled. This server has none."
    error: dict[str, Any] = {"code": "SERVICE_DISABLED", "message": message, "details": {}}
    return as_json({"error": error}, 503)


async def websocket(socket: WebSocket) -> None:
    """The websocket: one per client, from connection to end."""
    engine = engine_of(socket)
    await engine.hub.serve(socket, {"exec_info": {"queue_remaining": engine.queue.remaining}})
