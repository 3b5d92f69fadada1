"""From a request to the graphs and jobs it means.

Owns the order in which values stand above one another (workflow, project, preset,
request, LoRAs, single settings), the seeds, the comparison with the server before any
GPU time, and what the sidecars will say.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.plain_files import read_file
from darkroom.adapters.projects import Project
from darkroom.adapters.workflow_files import open_workflow
from darkroom.core.config.parameters import DRAW_SEED
from darkroom.core.errors import ImageRefused, PreflightError, UsageError
from darkroom.core.keys import RunKeys
from darkroom.core.workflow.bindings import read_bindings, role_named
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.loras import add_loras, read_lora
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.preflight import preflight
from darkroom.core.workflow.presets import layered
from darkroom.core.workflow.readback import Parameters, Unparsed, read_back
from darkroom.core.workflow.roles import Places, Role, find_roles
from darkroom.core.workflow.settings import apply_settings, find_place, read_setting
from darkroom.generating.request import Request
from darkroom.generating.sources import Sources
from darkroom.writepath.desk import Job
from darkroom.writepath.fleet_opening import Servers
from darkroom.writepath.intents import Bag

_SEEDS = 1 << 64
_MOST_TOLD = 3


@dataclass(frozen=True)
class Prepared:
    """A request, understood."""

    request: Request
    sources: Sources
    graphs: tuple[Graph, ...]
    """One per image, each with its seed in it."""
    seeds: tuple[int, ...]
    bindings: Places
    inputs: Mapping[str, bytes]
    notes: tuple[str, ...]
    hosts: frozenset[str] = frozenset()
    """The servers that can draw it."""

    @property
    def model(self) -> str | None:
        """What a server has to load."""
        return read_back(self.graphs[0], self.bindings).checkpoint

    def jobs(
        self, keys: RunKeys, engine: str, asked: Mapping[str, object] | None = None
    ) -> list[Job]:
        """What the write path is asked to draw, and what is to be said of each image."""
        return [
            Job(
                keys=keys,
                iteration=number,
                graph=cast("dict[str, dict[str, Any]]", graph.as_json()),
                seed=seed,
                engine=engine,
                inputs=dict(self.inputs),
                is_fresh=self.request.is_fresh,
                describes=self._described(graph),
                asked=cast("Bag", dict(asked or {})),
            )
            for number, (graph, seed) in enumerate(zip(self.graphs, self.seeds, strict=True), 1)
        ]

    def _described(self, graph: Graph) -> Bag:
        read = read_back(graph, self.bindings)
        document: dict[str, object] = {
            "input": {
                "prompt": read.prompt or "",
                "negative_prompt": read.negative_prompt or "",
                "preset": self.request.preset,
            },
            "workflow": {
                "name": self.sources.workflow.name,
                "model": read.checkpoint,
                "vae": read.vae,
                "unparsed": [_kept(node) for node in read.unparsed],
            },
            "parameters": _parameters(read),
            "parents": [{"sha256": _sha256(data)} for data in self.inputs.values()],
            "is_test": self.request.is_test,
        }
        return cast("Bag", document)


def prepare(request: Request, sources: Sources, servers: Servers, drawn: int) -> Prepared:
    """Understand the request; `drawn` is the seed that stands where none was given."""
    opened = open_workflow(sources.workflow, servers.catalogues[servers.first.name])
    bindings = read_bindings(sources.bindings, opened.graph)
    graph, inputs = with_input(opened.graph, request, sources.project, bindings)
    graph = patched(graph, request, sources, bindings)
    graph = add_loras(graph, [read_lora(text) for text in request.loras])
    graph = apply_settings(graph, [read_setting(text) for text in request.settings])
    hosts, found = _preflighted(graph, servers, sources, tuple(inputs), bindings)
    fixed = _fixed_seed(request, sources)
    graphs, seeds = _seeded(graph, request, bindings, drawn if fixed is None else fixed)
    is_drawn = fixed is None and seeds[0] == drawn
    notes = (*opened.notes, *found, *(_seed_note(seeds) if is_drawn else ()))
    return Prepared(request, sources, graphs, seeds, bindings, inputs, notes, hosts)


def with_input(
    graph: Graph, request: Request, project: Project | None, bindings: Places
) -> tuple[Graph, dict[str, bytes]]:
    """The graph with its input image, and that image's bytes by the name it is sent under."""
    takes_image = Role.IMAGE in find_roles(graph, bindings).places
    path = request.input or (project.input_image if project and takes_image else None)
    if path is None:
        return graph, {}
    if not takes_image:
        raise UsageError("generate-input", "this workflow starts from no image", where=str(path))
    data = read_file(path, MAX_BYTES)
    try:
        decode(data)
    except ImageRefused as refused:
        refused.where = refused.where or str(path)
        raise
    name = f"input-{_sha256(data)[:16]}{path.suffix.lower()}"
    return patch(graph, {Role.IMAGE: name}, bindings), {name: data}


def patched(graph: Graph, request: Request, sources: Sources, bindings: Places) -> Graph:
    """What the project says where the graph has a place for it; what the request says, always."""
    places = find_roles(graph, bindings).places
    below = {name: value for name, value in sources.values.items() if role_named(name) in places}
    below.pop(Role.SEED, None)
    asked: dict[str, object] = {
        Role.PROMPT: request.prompt,
        Role.NEGATIVE: request.negative,
        Role.STEPS: request.steps,
        Role.CFG: request.cfg,
        Role.SAMPLER: request.sampler,
        Role.SCHEDULER: request.scheduler,
    }
    return patch(graph, {**layered(below, asked)}, bindings)


def _preflighted(
    graph: Graph, servers: Servers, sources: Sources, uploads: tuple[str, ...], bindings: Places
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The servers that can draw it, and what there is to say; raises where none can."""
    if not servers.is_fleet:
        ((host, catalogue),) = servers.catalogues.items()
        return frozenset({host}), _compared(graph, catalogue, sources, uploads)
    found = servers.fitting(graph, uploads, bindings)
    away = tuple(f"{text}; it draws nothing of this" for text in servers.away)
    if not found.hosts:
        message = "; ".join((found.summary, *servers.away))
        raise PreflightError("preflight-failed", message, where=servers.names)
    return found.hosts, (*away, *found.lines, *found.warnings)


def _compared(
    graph: Graph, catalogue: Catalogue, sources: Sources, uploads: tuple[str, ...]
) -> tuple[str, ...]:
    findings = preflight(graph, catalogue, uploads=uploads)
    wrong = [str(one).removeprefix("error: ") for one in findings if one.severity == "error"]
    if wrong:
        more = f"; ... and {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
        message = "; ".join(wrong[:_MOST_TOLD]) + more
        raise PreflightError("preflight-failed", message, where=sources.comfy.host)
    return tuple(str(one) for one in findings)


def _seeded(
    graph: Graph, request: Request, bindings: Places, first: int
) -> tuple[tuple[Graph, ...], tuple[int, ...]]:
    """A graph per image; seeds count up, so that the same command goes on after a stop."""
    places = find_roles(graph, bindings).places.get(Role.SEED, ())
    fixed = {find_place(graph, read_setting(text).address) for text in request.settings}
    is_set = not fixed.isdisjoint(places)
    if not places and request.seed not in {None, DRAW_SEED}:
        patch(graph, {Role.SEED: request.seed}, bindings)  # refuses, and says what has a place
    if not places or is_set:
        if request.count > 1:
            why = "--set fixes the seed" if places else "this workflow has no seed"
            raise UsageError("generate-request", f"{why}: every image would be the same")
        return (graph,), (read_back(graph, bindings).seed or 0,)
    seeds = tuple((first + offset) % _SEEDS for offset in range(request.count))
    return tuple(patch(graph, {Role.SEED: seed}, bindings) for seed in seeds), seeds


def _fixed_seed(request: Request, sources: Sources) -> int | None:
    """The seed the request gives, or the project where the request says nothing."""
    if request.seed is None:
        return cast("int | None", sources.values.get(Role.SEED))
    return None if request.seed == DRAW_SEED else request.seed


def _seed_note(seeds: tuple[int, ...]) -> tuple[str, ...]:
    again = f"--seed {seeds[0]}" + (f" --count {len(seeds)}" if len(seeds) > 1 else "")
    return (f"the seed was drawn; {again} asks for the same again",)


def _parameters(read: Parameters) -> dict[str, object]:
    is_sized = read.width is not None and read.height is not None
    numbers = ("seed", "steps", "cfg", "guidance", "sampler", "scheduler", "denoise")
    return {
        **{name: cast("object", getattr(read, name)) for name in numbers},
        "resolution": [read.width, read.height] if is_sized else None,
        "loras": [
            {"name": use.name, "strength": use.strength, "strength_clip": use.strength_clip}
            for use in read.loras
        ],
    }


def _kept(node: Unparsed) -> dict[str, object]:
    return {
        "node": node.node,
        "class_type": node.class_type,
        "inputs": dict(node.inputs),
        "reason": node.reason,
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
