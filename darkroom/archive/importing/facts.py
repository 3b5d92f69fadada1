"""What is known of an image, from several sources laid over one another.

Owns the neutral record between the formats of other tools and our sidecar: a source fills
what no better source filled before it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from darkroom.adapters.a1111_text import A1111Parameters
from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.graph import Graph, as_link, read_graph
from darkroom.core.workflow.readback import Parameters, parameters_of
from darkroom.core.workflow.roles import Roles, find_roles

Json = Any
_INPUT = ("prompt", "negative_prompt", "preset")
_WORKFLOW = ("name", "model", "vae", "graph", "unparsed")
_PARAMETERS = (
    *("seed", "steps", "cfg", "guidance", "sampler", "scheduler"),
    *("denoise", "resolution", "loras"),
)
_STANDS_FOR_ANY: Mapping[str, Json] = {
    "seed": 0,
    "noise_seed": 0,
    "filename_prefix": "",
    **dict.fromkeys(("text", "text_g", "text_l", "clip_l", "t5xxl"), ""),
}
_TOLD_APART = re.compile(r"[\s_-]+")
_SIDE = re.compile(r"[1-9][0-9]{0,4}")
_SIZE = re.compile(r"[(\[]?\s*([1-9][0-9]{0,4})\s*[x\u00d7,]\s*([1-9][0-9]{0,4})\s*[)\]]?")
_MOST: Mapping[str, int] = {"seed": 2**64 - 1, "steps": 1_000_000}


@dataclass
class Facts:
    """Values by their place in a sidecar; the first source that knows one fills it."""

    values: dict[str, Json] = field(default_factory=dict[str, Any])
    variations: dict[str, Json] = field(default_factory=dict[str, Any])
    extra: dict[str, Json] = field(default_factory=dict[str, Any])
    """What has no place of its own, by source."""

    def fill(self, found: Mapping[str, Json]) -> None:
        """Take over what is not known yet."""
        for name, value in found.items():
            if value not in (None, "", [], {}) and name not in self.values:
                self.values[name] = value

    @property
    def is_empty(self) -> bool:
        """Whether nothing says how the image was made."""
        return not (self.values.keys() - {"timestamp"}) and not self.variations

    def sections(self) -> dict[str, Json]:
        """The parts of a sidecar."""
        known = self.values
        parts: dict[str, Json] = {
            "input": {name: known[name] for name in _INPUT if name in known},
            "workflow": {name: known[name] for name in _WORKFLOW if name in known},
            "parameters": {name: known[name] for name in _PARAMETERS if name in known},
        }
        if self.variations:
            parts["variations"] = dict(self.variations)
        return parts


def from_a1111(said: A1111Parameters) -> dict[str, Json]:
    """The text A1111 and its relatives write."""
    return {
        "prompt": said.prompt,
        "negative_prompt": said.negative_prompt,
        "model": said.model,
        "vae": said.fields.get("VAE"),
        "seed": _typed("seed", said.seed),
        "steps": _typed("steps", said.steps),
        "cfg": said.cfg,
        "guidance": _typed("guidance", said.fields.get("Distilled CFG Scale")),
        "sampler": said.sampler,
        "scheduler": said.scheduler,
        "denoise": said.denoise,
        "resolution": list(said.size) if said.size else None,
        "loras": [{"name": name, "strength": strength} for name, strength in said.loras],
    }


def from_graph(document: Mapping[str, object], where: str) -> dict[str, Json]:
    """A ComfyUI graph, read back; nothing where it is none."""
    try:
        graph = read_graph(dict(document), where)
        read = parameters_of(graph, _roles_of(_shape(graph)))
    except WorkflowError:
        return {}
    return {
        "prompt": read.prompt,
        "negative_prompt": read.negative_prompt,
        "model": read.checkpoint,
        "vae": read.vae,
        "graph": dict(graph.document),
        "unparsed": [
            {"node": node.node, "class_type": node.class_type, "reason": node.reason}
            for node in read.unparsed
        ],
        **_numbers(read),
    }


def _shape(graph: Graph) -> str:
    """What decides where a graph's values are: all of it but seeds and words."""
    nodes = {
        node.id: {
            "class_type": node.class_type,
            "inputs": {
                name: _STANDS_FOR_ANY.get(name, value) if as_link(value) is None else value
                for name, value in node.inputs.items()
            },
        }
        for node in graph.nodes.values()
    }
    return json.dumps(nodes)


@lru_cache(maxsize=256)
def _roles_of(shape: str) -> Roles:
    """Thousands of images of one workflow differ in nothing else; its walk is done once."""
    return find_roles(read_graph(json.loads(shape)))


def _numbers(read: Parameters) -> dict[str, Json]:
    names = ("seed", "steps", "cfg", "guidance", "sampler", "scheduler", "denoise")
    sized = read.width is not None and read.height is not None
    return {
        **{name: getattr(read, name) for name in names},
        "resolution": [read.width, read.height] if sized else None,
        "loras": [
            {"name": use.name, "strength": use.strength, "strength_clip": use.strength_clip}
            for use in read.loras
        ],
    }


_NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "positiveprompt", "positive"),
    "negative_prompt": ("negativeprompt", "negative", "promptnégatif", "promptnegatif"),
    "model": (
        *("modelname", "model", "sdmodelcheckpoint", "checkpoint", "sdmodel", "ckptname"),
        *("modelcheckpoint", "basemodel", "usestablediffusionmodel", "modèle", "modele"),
    ),
    "vae": ("vae", "sdvae"),
    "preset": ("templatename", "template", "preset"),
    "seed": ("seed", "graine"),
    "steps": ("steps", "numinferencesteps", "étapes", "etapes"),
    "cfg": ("cfgscale", "cfg", "guidancescale"),
    "sampler": ("samplername", "sampler"),
    "scheduler": ("scheduler", "scheduletype"),
    "denoise": ("denoisingstrength", "denoise"),
}


def from_words(said: Mapping[str, Json]) -> dict[str, Json]:
    """Values under whatever spelling of their names a tool used; numbers may be text."""
    plain = {_plain(name): value for name, value in said.items()}
    found: dict[str, Json] = {}
    for name, spellings in _NAMES.items():
        value = next((plain[one] for one in spellings if plain.get(one) not in (None, "")), None)
        if isinstance(value, Mapping):
            named = cast("Mapping[str, Json]", value)
            value = named.get("checkpoint") or named.get("name") or named.get("model_name")
        found[name] = _typed(name, value)
    size = [str(plain.get(name)) for name in ("width", "height")]
    if all(_SIDE.fullmatch(side) for side in size):
        found["resolution"] = [int(side) for side in size]
    elif sides := _SIZE.fullmatch(str(plain.get("resolution") or plain.get("size") or "")):
        found["resolution"] = [int(sides[1]), int(sides[2])]
    if isinstance(plain.get("loras"), list):
        found["loras"] = [_lora(one) for one in cast("list[Json]", plain["loras"])]
    return found


def _lora(said: Json) -> Json:
    """Name and strength, in any spelling we have seen; else as it stands."""
    match said:
        case str():
            return {"name": said, "strength": 1.0}
        case [str(name), str() | int() | float() as strength, *_]:
            return {"name": name, "strength": _typed("cfg", strength)}
        case {"model": {"name": str(name)}, "weight": weight} | {
            "name": str(name),
            "weight": weight,
        }:
            return {"name": name, "strength": weight}
        case _:
            return said


def _plain(name: object) -> str:
    return _TOLD_APART.sub("", str(name)).casefold()


def _typed(name: str, value: Json) -> Json:
    if value is None or isinstance(value, bool | dict | list):
        return None
    if name in {"seed", "steps"}:
        # -1 asks for a seed and is none; a number no document can keep stays in the text
        is_number = re.fullmatch(r"[0-9]{1,20}", str(value))
        return int(value) if is_number and int(value) <= _MOST[name] else None
    if name in {"cfg", "guidance", "denoise"}:
        return float(value) if re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]+)?", str(value)) else None
    return str(value)
