"""A graph as ComfyUI's editor saves it, where an image holds no other.

Owns the order in which the editor saves the values of common nodes: no server is there to
ask. The values of other nodes stay unnamed, their wires are followed; so what comes of it
tells how an image was made, and is not a graph to draw from.
"""

from collections.abc import Mapping
from typing import Any, cast

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.convert import convert
from darkroom.core.workflow.object_info import Catalogue

_SIZE = "width:INT height:INT batch_size:INT"
_SAVED: Mapping[str, str] = {
    "KSampler": ("seed:INT steps:INT cfg:FLOAT sampler_name:COMBO scheduler:COMBO denoise:FLOAT"),
    "KSamplerAdvanced": (
        "add_noise:COMBO noise_seed:INT steps:INT cfg:FLOAT sampler_name:COMBO scheduler:COMBO"
        " start_at_step:INT end_at_step:INT return_with_leftover_noise:COMBO"
    ),
    "RandomNoise": "noise_seed:INT",
    "KSamplerSelect": "sampler_name:COMBO",
    "BasicScheduler": "scheduler:COMBO steps:INT denoise:FLOAT",
    "CFGGuider": "cfg:FLOAT",
    "FluxGuidance": "guidance:FLOAT",
    "CheckpointLoaderSimple": "ckpt_name:COMBO",
    "UNETLoader": "unet_name:COMBO weight_dtype:COMBO",
    "UnetLoaderGGUF": "unet_name:COMBO",
    "VAELoader": "vae_name:COMBO",
    "LoraLoader": "lora_name:COMBO strength_model:FLOAT strength_clip:FLOAT",
    "LoraLoaderModelOnly": "lora_name:COMBO strength_model:FLOAT",
    "CLIPTextEncode": "text:STRING",
    "CLIPTextEncodeSDXL": (
        "width:INT height:INT crop_w:INT crop_h:INT target_width:INT target_height:INT"
        " text_g:STRING text_l:STRING"
    ),
    "CLIPTextEncodeSDXLRefiner": "ascore:FLOAT width:INT height:INT text:STRING",
    "CLIPTextEncodeFlux": "clip_l:STRING t5xxl:STRING guidance:FLOAT",
    "EmptyLatentImage": _SIZE,
    "EmptySD3LatentImage": _SIZE,
    "SaveImage": "filename_prefix:STRING",
}


def api_graph(saved: Mapping[str, object], where: str) -> dict[str, object]:
    """What a server would run, as far as it is known; nothing where there is no such graph."""
    try:
        return convert(saved, _catalogue(saved), where).graph
    except (WorkflowError, RecursionError):
        return {}


def _catalogue(saved: Mapping[str, object]) -> Catalogue:
    """The common nodes, and every other node of the file as one without values."""
    used = (str(node.get("type")) for node in _nodes(saved))
    return Catalogue({kind: {"input": {"required": _inputs(kind)}} for kind in used})


def _inputs(kind: str) -> dict[str, Any]:
    named = (one.partition(":") for one in _SAVED.get(kind, "").split())
    return {name: [declared, {}] for name, _, declared in named}


def _nodes(saved: Mapping[str, object]) -> list[dict[str, Any]]:
    inner = cast("dict[str, Any]", saved.get("definitions") or {})
    graphs: list[Any] = [saved, *_listed(inner, "subgraphs")]
    return [node for graph in graphs for node in _listed(graph, "nodes")]


def _listed(holder: Any, name: str) -> list[dict[str, Any]]:
    listed = cast("dict[str, Any]", holder).get(name) if isinstance(holder, dict) else None
    found = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [cast("dict[str, Any]", one) for one in found if isinstance(one, dict)]
