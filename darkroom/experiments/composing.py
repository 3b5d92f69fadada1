"""From a cell and a seed to the graph that is drawn.

Owns what every cell of an experiment shares (workflow, project values, input image), what a
cell changes of it, and the comparison of every cell with the servers before any GPU time.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from darkroom.adapters.settings import Lab
from darkroom.adapters.workflow_files import open_workflow
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import PreflightError, UsageError, WorkflowError
from darkroom.core.experiments.axes import LORA
from darkroom.core.experiments.cells import Cell
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.experiments.expanding import Start
from darkroom.core.fleet.fitting import fitting
from darkroom.core.text import shortened
from darkroom.core.workflow.bindings import read_bindings
from darkroom.core.workflow.edit import with_inputs
from darkroom.core.workflow.graph import Graph, Place
from darkroom.core.workflow.loras import Lora, add_loras, set_strength
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Places, Role, find_roles
from darkroom.core.workflow.settings import Setting, apply_settings, find_place
from darkroom.experiments.attempts import refined_by
from darkroom.experiments.declared import Declared
from darkroom.experiments.named import workflow_of
from darkroom.generating.preparing import Prepared, patched, with_input
from darkroom.generating.request import Request
from darkroom.generating.sources import Sources, sources_of

_MOST_TOLD = 5


@dataclass(frozen=True)
class Base:
    """What all cells share."""

    request: Request
    sources: Sources
    graph: Graph
    bindings: Places
    inputs: Mapping[str, bytes]
    notes: tuple[str, ...]
    start: Start

    def graph_of(self, cell: Cell, seed: int) -> Graph:
        """The graph of one image."""
        places = self._places
        roles: dict[str, object] = {Role.PROMPT: cell.prompt}
        if cell.negative or Role.NEGATIVE in places:
            roles[Role.NEGATIVE] = cell.negative
        roles |= {name: value for name, value in cell.settings.items() if "." not in name}
        if Role.SEED in places:
            roles[Role.SEED] = seed
        graph = patch(_with_loras(self.graph, cell, self._loras), roles, self.bindings)
        single = {name: value for name, value in cell.settings.items() if "." in name}
        texts = ((n, v if isinstance(v, str) else json.dumps(v)) for n, v in single.items())
        return apply_settings(graph, [Setting(name, text) for name, text in texts])

    def prepared(self, graph: Graph, seed: int) -> Prepared:
        """The same as the write path takes it."""
        return Prepared(
            self.request, self.sources, (graph,), (seed,), self.bindings, self.inputs, ()
        )

    @property
    def has_seed(self) -> bool:
        """Whether a seed makes a difference."""
        return Role.SEED in self._places

    @cached_property
    def _places(self) -> Places:
        """Found once: a graph is made for each of many thousand cells."""
        return find_roles(self.graph, self.bindings).places

    @cached_property
    def _loras(self) -> frozenset[str]:
        return frozenset(use.name for use in find_roles(self.graph).loras)


def request_of(declared: Declared, lab: Lab, *, scores: bool, is_test: bool = False) -> Request:
    """The experiment as `darkroom generate` would be asked, without what cells change."""
    told = declared.experiment.declared
    workflow = workflow_of(declared.project, told.workflow) if told.workflow else None
    return Request(
        workflow=workflow,
        preset=told.preset,
        project=declared.project.name,
        scores=scores,
        is_test=is_test,
    )


def base_of(lab: Lab, declared: Declared, request: Request, catalogue: Catalogue) -> Base:
    """Everything that cells share, with the project's values in it."""
    sources = sources_of(lab, request)
    opened = open_workflow(sources.workflow, catalogue)
    bindings = read_bindings(sources.bindings, opened.graph)
    graph, inputs = with_input(opened.graph, request, sources.project, bindings)
    graph = patched(graph, request, sources, bindings)
    read = read_back(graph, bindings)
    try:
        identity = _identity(graph, bindings, declared.experiment, inputs)
    except WorkflowError as error:
        error.where = error.where or declared.source
        raise
    start = Start(read.prompt or "", read.negative_prompt or "", identity)
    return Base(request, sources, graph, bindings, inputs, opened.notes, start)


def _identity(
    graph: Graph, bindings: Places, experiment: Experiment, inputs: Mapping[str, bytes]
) -> str:
    """What is drawn apart from what cells set: the same wherever an axis has its values."""
    roles = find_roles(graph, bindings).places
    always = (Role.PROMPT, Role.NEGATIVE, Role.SEED, Role.FILENAME_PREFIX)
    blanks: set[Place] = {place for role in always for place in roles.get(role, ())}
    targets = [target for axis in experiment.axes for target in axis.targets]
    wrong: list[WorkflowError] = []
    for target in (*targets, *experiment.settings):
        try:
            if "." in target and not target.startswith(LORA):
                blanks.add(find_place(graph, target))
            elif not target.startswith(LORA):
                blanks |= set(_places(roles, Role(target), experiment.name))
        except WorkflowError as error:
            wrong.append(error)
    if wrong:
        raise wrong[0].extend("".join(f"; {error.message}" for error in wrong[1:]))
    blank = with_inputs(graph, dict.fromkeys(blanks, None))
    hashes = sorted(hashlib.sha256(data).hexdigest() for data in inputs.values())
    return hashlib.sha256(
        canonical_json([blank.as_json(), hashes, *refined_by(experiment)])
    ).hexdigest()[:16]


def _places(roles: Places, role: Role, name: str) -> tuple[Place, ...]:
    if role not in roles:
        has = ", ".join(roles)
        message = f"the workflow of {name} has no place for {role}; it has places for: {has}"
        raise WorkflowError("workflow-role", message)
    return roles[role]


def _with_loras(graph: Graph, cell: Cell, has: Collection[str]) -> Graph:
    """A LoRA the graph has acts as strongly as asked; another one joins, unless at 0."""
    for name, strength in cell.loras:
        if name in has:
            graph = set_strength(graph, Lora(name, strength))
        elif strength:
            graph = add_loras(graph, [Lora(name, strength)])
    return graph


@dataclass
class Checked:
    """What comparing the cells with the servers brought."""

    models: dict[str, None] = field(default_factory=dict[str, None])
    """Everything that has to be loaded for some cell."""
    model_of: dict[str, str] = field(default_factory=dict[str, str])
    """Cell to what its server has to load first, LoRAs included: the order of drawing."""
    checkpoint_of: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Cell to the model that servers are chosen by."""
    size_of: dict[str, tuple[int, int, int]] = field(
        default_factory=dict[str, tuple[int, int, int]]
    )
    """Cell to width, height and steps; 0 where the graph does not say."""
    hosts_of: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Cell to the servers that can draw it."""
    warnings: dict[str, None] = field(default_factory=dict[str, None])

    def take(self, base: Base, cell: Cell, catalogues: Mapping[str, Catalogue]) -> list[str]:
        """Compare one cell with every server; returns why none can draw it."""
        try:
            graph = base.graph_of(cell, 0)
        except (WorkflowError, UsageError) as error:
            return [error.message]
        read = read_back(graph, base.bindings)
        loaded = [read.checkpoint, read.vae, *read.clip, *(use.name for use in read.loras)]
        self.models |= dict.fromkeys(name for name in loaded if name)
        loras = [f"{use.name}:{use.strength:g}" for use in read.loras]
        self.model_of[cell.id] = " ".join([read.checkpoint or "", *loras]).strip()
        self.checkpoint_of[cell.id] = read.checkpoint or None
        self.size_of[cell.id] = (read.width or 0, read.height or 0, read.steps or 0)
        found = fitting(graph, catalogues, tuple(base.inputs))
        self.warnings |= dict.fromkeys(found.warnings)
        self.hosts_of[cell.id] = found.hosts
        return [] if found.hosts else list(found.lines)


def check_cells(
    base: Base, cells: Sequence[Cell], catalogues: Mapping[str, Catalogue], checked: Checked
) -> None:
    """Compare every cell with every server, or raise with what is wrong and where."""
    wrong: dict[str, list[str]] = {}
    for cell in cells:
        for text in checked.take(base, cell, catalogues):
            wrong.setdefault(text, []).append(shown(cell))
    if wrong:
        raise PreflightError("preflight-failed", _told(wrong, len(cells)))


def shown(cell: Cell) -> str:
    """A cell in a few words."""
    text = ", ".join(f"{name}={value}" for name, value in cell.labels.items())
    return shortened(text, 120) or cell.id


def _told(wrong: Mapping[str, list[str]], count: int) -> str:
    lines = [
        f"{text} (in {'every cell' if len(cells) == count else f'{len(cells)} of {count} cells'}"
        + (f", for example {cells[0]})" if len(cells) < count else ")")
        for text, cells in list(wrong.items())[:_MOST_TOLD]
    ]
    more = f"; ... and {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
    return "; ".join(lines) + more
