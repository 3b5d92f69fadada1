"""The demonstration: a sheet of images drawn by the embedded engine, judged and kept.

Owns which prompts are shown and the page they end on. Every image goes through the
write path like any other; nothing here is special but the choice of prompts.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.images import decode
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.projects import Project, open_project, project_names
from darkroom.adapters.renderer import Graph, Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.sheets import Tile, contact_sheet
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.jobs import Done
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import parse
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Role
from darkroom.core.world.parsing import read_prompt
from darkroom.writepath.batch import BatchResult, Broke, draw_batch
from darkroom.writepath.desk import Committed, Desk, Job
from darkroom.writepath.intents import Bag, with_prefix
from darkroom.writepath.naming import new_run
from darkroom.writepath.opening import opened_desk

PROJECT = "demo"
PROMPTS = (
    "a large red circle on a white background",
    "a small yellow star on a navy background",
    "a large purple diamond on a beige background",
    "a large cyan cross on a black background",
    "a large red circle above a small blue square on a white background",
    "a small green star to the left of a large orange diamond on a black background",
    "a large blue cross to the right of a small yellow circle on a gray background",
    "a small cyan triangle below a large red square on a beige background",
    "a red circle, a blue square and a yellow star on a white background",
    "a green diamond, a red square and a cyan circle on a black background",
    "a large pink cross on a white background",
    "a large blue circle above a small pink cross on a gray background",
)
_COLUMNS = 4
_SHEET = f"{PROJECT}/output/sheet.png"
_SEED = 1000


@dataclass(frozen=True)
class Shown:
    """One image of the sheet."""

    prompt: str
    key: str | None
    """Where it lies in the store; None where it could not be drawn."""
    facts_met: int
    facts: int
    missed: tuple[str, ...]
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether everything the prompt states was seen."""
        return self.key is not None and self.facts_met == self.facts


@dataclass(frozen=True)
class Showcase:
    """What the demonstration left behind."""

    run_id: str
    sheet: str
    """The address of the page; an earlier one was replaced."""
    shown: tuple[Shown, ...]
    redrawn_same: bool
    """Whether an image drawn again from its sidecar alone had the same pixels."""


def show(lab: Lab, on_drawn: Callable[[int], None]) -> Showcase:
    """Draw the sheet in the project `demo`, making the project where it is missing."""
    if PROJECT not in project_names(lab):
        create_project(lab, PROJECT, PROJECT)
    project = open_project(lab, PROJECT)
    with ExitStack() as stack:
        desk = stack.enter_context(opened_desk(lab))
        renderer = stack.enter_context(renderer_of(lab, Comfy(host=EMBEDDED)))
        keys = new_run(desk, PROJECT)
        engine = renderer.receipt().engine
        jobs = [_job(project, keys, number, engine) for number in range(1, len(PROMPTS) + 1)]
        results = draw_batch(jobs, desk, renderer, on_result=lambda _n, _r: on_drawn(1))
        shown = [_judged(desk, *pair) for pair in zip(PROMPTS, results, strict=True)]
        same = _drawn_again(desk, renderer, shown[0].key)
        desk.store.put(_SHEET, _page(desk, shown), "image/png")
        return Showcase(keys.run_id, desk.store.url_for(_SHEET), tuple(shown), same)


def _job(project: Project, keys: RunKeys, number: int, engine: str) -> Job:
    prompt, seed = PROMPTS[number - 1], _SEED + number
    parameters = project.aigen.parameters
    values = {
        Role.CHECKPOINT: project.aigen.model.ckpt_name,
        Role.PROMPT: prompt,
        Role.NEGATIVE: "",
        Role.SEED: seed,
        Role.STEPS: parameters.steps,
        Role.CFG: parameters.cfg,
        Role.SAMPLER: parameters.sampler_name,
        Role.SCHEDULER: parameters.scheduler,
        Role.DENOISE: parameters.denoise,
        Role.WIDTH: parameters.width,
        Role.HEIGHT: parameters.height,
    }
    graph = patch(
        project.workflow.graph, {role: value for role, value in values.items() if value is not None}
    )
    read = read_back(graph)
    described: Bag = {
        "input": {"prompt": prompt, "negative_prompt": ""},
        "workflow": {"name": project.workflow.path.name, "model": read.checkpoint},
        "parameters": {
            "seed": seed,
            "steps": read.steps,
            "cfg": read.cfg,
            "sampler": read.sampler,
            "scheduler": read.scheduler,
            "denoise": read.denoise,
            "resolution": [read.width, read.height],
        },
    }
    return Job(keys, number, cast("Graph", graph.as_json()), seed, engine, describes=described)


def _judged(desk: Desk, prompt: str, result: BatchResult) -> Shown:
    if not isinstance(result, Committed):
        error = result.error.message if isinstance(result, Broke) else "not drawn"
        return Shown(prompt, None, 0, 0, (), error)
    picture = decode(desk.store.get(result.image_key))
    checks = facts_met(measure(picture.rgb()), read_prompt(prompt).facts).checks
    missed = tuple(check.fact for check in checks if check.met is not True)
    return Shown(prompt, result.image_key, len(checks) - len(missed), len(checks), missed)


def _drawn_again(desk: Desk, renderer: Renderer, key: str | None) -> bool:
    """Draw one image from its sidecar's graph alone and compare the pixels."""
    if key is None:
        return False
    sidecar = parse(desk.store.get(f"{key}.json"), key=key)
    graph = cast("Graph", sidecar.workflow.graph if sidecar.workflow else {})
    # another file name: an identical graph would be answered from the engine's cache
    again = with_prefix(graph, f"again-{desk.new_id()}")
    prompt_id = desk.new_id()
    renderer.submit(again, prompt_id)
    state = renderer.wait(prompt_id)
    if not isinstance(state, Done):
        return False
    drawn = decode(renderer.fetch(state.outputs[0]))
    return drawn.picture.tobytes() == decode(desk.store.get(key)).picture.tobytes()


def _page(desk: Desk, shown: list[Shown]) -> bytes:
    tiles = [
        Tile(
            decode(desk.store.get(item.key)).picture,
            (item.prompt, f"{item.facts_met} of {item.facts} facts"),
            item.accepted,
        )
        for item in shown
        if item.key is not None
    ]
    return contact_sheet(tiles, _COLUMNS)
