"""The graph of an iteration: the project's workflow with the step's values in it.

Owns which value goes into which role, and what becomes of an edit of the best image
where the workflow starts from nothing. Reads and sends nothing.
"""

from dataclasses import replace

from darkroom.core.decide import Try
from darkroom.core.workflow.bindings import read_bindings
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.roles import Places, Role, find_roles
from darkroom.runs.img2img import over_a_picture
from darkroom.runs.run import Run


def graph_of(run: Run, step: Try, image_name: str | None) -> Graph:
    """The workflow with the step's values in it, drawing over a picture where it has one."""
    project = run.project
    graph, values = project.workflow.graph, values_of(run, step)
    bindings = read_bindings(project.aigen.bindings, graph)
    if image_name is not None:
        graph = over_a_picture(graph, bindings) or graph
        values[Role.IMAGE] = image_name
        bindings = _still_there(bindings, graph)
    roles = find_roles(graph, bindings)
    known = {role: value for role, value in values.items() if role in roles.places}
    return patch(graph, known, bindings)


def _still_there(bindings: Places, graph: Graph) -> Places:
    """The bindings without those of nodes that the rewiring took out."""
    return {
        role: places
        for role, places in bindings.items()
        if all(place.node in graph.nodes for place in places)
    }


def values_of(run: Run, step: Try) -> dict[str, object]:
    """Every value an iteration sets, by role; a graph takes those it has a place for."""
    settings, sized = step.settings, run.project.aigen.parameters
    values: dict[str, object | None] = {
        Role.PROMPT: step.prompts.positive,
        Role.NEGATIVE: step.prompts.negative,
        Role.SEED: settings.seed,
        Role.STEPS: settings.steps,
        Role.CFG: settings.cfg,
        Role.SAMPLER: settings.sampler_name,
        Role.SCHEDULER: settings.scheduler,
        Role.DENOISE: settings.denoise,
        Role.CHECKPOINT: run.project.aigen.model.ckpt_name,
        Role.WIDTH: sized.width,
        Role.HEIGHT: sized.height,
    }
    return {role: value for role, value in values.items() if value is not None}


def can_edit(run: Run) -> bool:
    """Whether this project's workflow can draw over the best image."""
    graph = run.project.workflow.graph
    return over_a_picture(graph, read_bindings(run.project.aigen.bindings, graph)) is not None


def drawable(run: Run, step: Try) -> Try:
    """The step as this workflow can draw it: an edit it has no place for is drawn anew."""
    best = run.best
    if step.base == "best" and (best is None or best.image is None or not can_edit(run)):
        why = f"{step.why} (this workflow takes no image: drawn anew)"
        step = replace(step, base=run.plan.base, why=why)
    if step.base == "nothing" and step.settings.denoise != run.plan.settings.denoise:
        # denoise belongs to edits; an empty latent drawn in part stays noise
        settings = replace(step.settings, denoise=run.plan.settings.denoise)
        step = replace(step, settings=settings)
    return step
