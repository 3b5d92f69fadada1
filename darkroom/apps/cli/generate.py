"""`darkroom generate`: images from a workflow and words, kept with all that made them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.core.jobs import Progress
    from darkroom.generating.drawing import Made
    from darkroom.generating.preparing import Prepared
    from darkroom.generating.request import Request

_Workflow = Annotated[
    str | None,
    typer.Option("--workflow", help="A workflow file, or the name of a known one."),
]
_Prompt = Annotated[str | None, typer.Option("--prompt", help="What the image should show.")]
_Negative = Annotated[
    str | None, typer.Option("--negative-prompt", help="What it should not show.")
]
_Seed = Annotated[
    int | None,
    typer.Option("--seed", help="Of the first image, counting up; -1 or none draws one."),
]
_Steps = Annotated[int | None, typer.Option("--steps", help="Sampling steps.")]
_Cfg = Annotated[float | None, typer.Option("--cfg", help="How strongly the prompt pulls.")]
_Sampler = Annotated[str | None, typer.Option("--sampler", help="A sampler the server has.")]
_Scheduler = Annotated[str | None, typer.Option("--scheduler", help="A scheduler it has.")]
_Preset = Annotated[str | None, typer.Option("--preset", help="A named set of parameters.")]
_Lora = Annotated[
    list[str] | None, typer.Option("--lora", metavar="NAME:STRENGTH", help="Put in a LoRA.")
]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NODE.INPUT=VALUE", help="Set one input of one node."),
]
_Count = Annotated[int, typer.Option("--count", help="How many images.")]
_Input = Annotated[
    Path | None, typer.Option("--input", help="The image to start from, for workflows with one.")
]
_Output = Annotated[
    Path | None, typer.Option("--output", help="Copy to this PNG file or folder as well.")
]
_NoMetadata = Annotated[
    bool,
    typer.Option("--no-metadata", help="Only write --output: no sidecar, nothing in the store."),
]
_Test = Annotated[bool, typer.Option("--test", help="Mark the images as tests.")]
_Host = Annotated[
    str | None,
    typer.Option("--host", help="A host of darkroom.yaml, `embedded`, or http://host:port."),
]
_Project = Annotated[
    str | None, typer.Option("--project", help="Use its workflow and values, and keep them there.")
]


def generate(  # noqa: PLR0913, PLR0917 - one parameter per flag
    workflow: _Workflow = None,
    prompt: _Prompt = None,
    negative_prompt: _Negative = None,
    seed: _Seed = None,
    steps: _Steps = None,
    cfg: _Cfg = None,
    sampler: _Sampler = None,
    scheduler: _Scheduler = None,
    preset: _Preset = None,
    lora: _Lora = None,
    settings: _Set = None,
    count: _Count = 1,
    input_image: _Input = None,
    output: _Output = None,
    no_metadata: _NoMetadata = False,
    test: _Test = False,
    host: _Host = None,
    project: _Project = None,
) -> None:
    """Draw images and keep each with everything that made it."""
    from darkroom.generating.request import Request

    request = Request(
        workflow=workflow,
        prompt=prompt,
        negative=negative_prompt,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler,
        scheduler=scheduler,
        preset=preset,
        loras=tuple(lora or ()),
        settings=tuple(settings or ()),
        count=count,
        input=input_image,
        output=output,
        keeps_metadata=not no_metadata,
        is_test=test,
        host=host,
        project=project,
    )
    _draw(request)


def _draw(request: "Request") -> None:
    from darkroom.generating import drawing

    made: list[Made] = []
    try:
        with console.progress("drawing", request.count * _PARTS) as advance:
            bar = _Bar(advance)
            telling = drawing.Telling(_notes, bar.stepped, lambda one: bar.finished(one, made))
            drawing.generate(request, telling)
    finally:
        if made:  # also what was drawn before a failure or a stop
            made.sort(key=lambda one: one.key or one.image)
            console.emit(made, lambda: _show(made))


_PARTS = 100
"""How finely the bar moves within one image."""


class _Bar:
    """One bar over all images; two are drawn at a time, and each tells its own steps."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._shown: dict[str, int] = {}
        self._done = 0
        self._total = 0
        self._lock = threading.Lock()

    def stepped(self, progress: "Progress") -> None:
        if progress.step is None or not progress.steps:
            return
        with self._lock:
            now = progress.step * (_PARTS - 1) // progress.steps
            before = self._shown.get(progress.prompt_id, 0)
            if now > before:
                self._shown[progress.prompt_id] = now
                self._move(now - before)

    def finished(self, one: "Made", made: "list[Made]") -> None:
        with self._lock:
            made.append(one)
            self._done += 1
            self._move(self._done * _PARTS - self._total)

    def _move(self, count: int) -> None:
        if count > 0:
            self._total += count
            self._advance(count)


def _notes(prepared: "Prepared") -> None:
    for text in prepared.notes:
        console.note(f"note: {text}")


def _show(made: "list[Made]") -> None:
    for one in made:
        console.say(f"[OK] Image available at: {one.image}")
        if one.metadata is not None:
            console.say(f"[OK] Metadata available at: {one.metadata}")
        if one.copy is not None:
            console.note(f"note: copied to {one.copy}")
        if not one.is_fresh:
            console.note(f"note: seed {one.seed} was drawn before; nothing was drawn again")


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "generate")(generate)
