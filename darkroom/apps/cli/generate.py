"""`darkroom generate`: images from a workflow and words, kept with all that made them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import NotAccepted, OutsideError

if TYPE_CHECKING:
    from darkroom.core.jobs import Progress
    from darkroom.generating.drawing import Made, Telling
    from darkroom.generating.preparing import Prepared
    from darkroom.generating.refining import Asked
    from darkroom.generating.request import Request
    from darkroom.generating.series import Refined

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
    typer.Option(
        "--host",
        help="A host of darkroom.yaml, `embedded`, or http://host:port; several with commas,"
        " or `any`.",
    ),
]
_Project = Annotated[
    str | None, typer.Option("--project", help="Use its workflow and values, and keep them there.")
]
_Score = Annotated[
    bool, typer.Option("--quality-score", help="Score each image; the scores go into its sidecar.")
]
_Threshold = Annotated[
    float | None,
    typer.Option(
        "--quality-threshold", min=0.0, max=10.0, help="Try again until an image scores this."
    ),
]
_Attempts = Annotated[
    int | None,
    typer.Option("--max-attempts", min=1, max=100, help="So many images at most."),
]
_Retry = Annotated[
    Literal["progressive", "seed_search", "prompt_enhance"] | None,
    typer.Option("--retry-strategy", help="What changes from one attempt to the next."),
]
_Tier = Annotated[
    Literal["lite", "onnx", "torch"] | None,
    typer.Option("--tier", help="Which scorers measure; left out, the configured ones."),
]
_Validate = Annotated[
    bool, typer.Option("--validate", help="Fill in how well each image shows its prompt.")
]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Draw also what the store has already.")]


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
    fresh: _Fresh = False,
    host: _Host = None,
    project: _Project = None,
    quality_score: _Score = False,
    quality_threshold: _Threshold = None,
    max_attempts: _Attempts = None,
    retry_strategy: _Retry = None,
    tier: _Tier = None,
    validate: _Validate = False,
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
        is_fresh=fresh,
        host=host,
        project=project,
        scores=quality_score,
        validates=validate,
        tier=tier,
    )
    if quality_threshold is None and max_attempts is None and retry_strategy is None:
        _draw(request)
    else:
        from darkroom.generating.refining import Asked

        _refine(request, Asked(quality_threshold, max_attempts, retry_strategy))


def _refine(request: "Request", asked: "Asked") -> None:
    from darkroom.generating import refining

    made: list[Made] = []
    with console.progress("drawing", _most(asked) * _PARTS, _PARTS) as advance:
        bar = _Bar(advance, _most(asked))
        telling = _telling(bar, made)
        result = refining.refine(request, asked, telling)
    console.emit(result, lambda: _show_refined(result))
    _catch_up()
    if result.status == "no_image":
        raise OutsideError("generate-without-image", result.reason)
    if result.status == "best_effort":
        raise NotAccepted("quality-not-reached", result.reason)


def _most(asked: "Asked") -> int:
    from darkroom.generating.refining import refinement_table

    return asked.max_attempts or refinement_table().max_attempts


def _draw(request: "Request") -> None:
    from darkroom.generating import drawing

    made: list[Made] = []
    try:
        with console.progress("drawing", request.count * _PARTS, _PARTS) as advance:
            bar = _Bar(advance, request.count)
            telling = _telling(bar, made)
            drawing.generate(request, telling)
    finally:
        if made:  # also what was drawn before a failure or a stop
            made.sort(key=lambda one: one.key or one.image)
            console.emit(made, lambda: _show(made))
            if request.keeps_metadata:
                _catch_up()


def _catch_up() -> None:
    """Have searches find what was drawn; it is in the store whether or not this works."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.syncing import sync_after

    if problem := sync_after(open_lab()):
        console.note(f"note: {problem}")


_PARTS = 100
"""How finely the bar moves within one image."""


class _Bar:
    """One bar over all images; two are drawn at a time, and each tells its own steps."""

    def __init__(self, advance: Callable[[int], None], images: int) -> None:
        self._advance = advance
        self._most = images * _PARTS
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
        count = min(count, self._most - self._total)  # what is drawn again steps again
        if count > 0:
            self._total += count
            self._advance(count)


def _telling(bar: _Bar, made: "list[Made]") -> "Telling":
    from darkroom.generating.drawing import Telling

    return Telling(_notes, bar.stepped, lambda one: bar.finished(one, made), _say)


def _say(text: str) -> None:
    console.note(f"note: {text}")


def _notes(prepared: "Prepared") -> None:
    for text in prepared.notes:
        _say(text)


def _show(made: "list[Made]") -> None:
    for one in made:
        _say_where(one)
        if one.copy is not None:
            console.note(f"note: copied to {one.copy}")
        if one.composite_score is not None:
            console.say(f"score: {one.composite_score:.2f} of 10, grade {one.grade}")
        if one.validation_score is not None:
            console.say(f"validation score: {one.validation_score:.3f}")
        if one.remark is not None:
            console.note(f"note: there is no validation score: {one.remark}")
        if not one.is_fresh:
            console.note(f"note: seed {one.seed} was drawn before; nothing was drawn again")


def _say_where(one: "Made") -> None:
    console.say(f"[OK] Image available at: {one.image}")
    if one.metadata is not None:
        console.say(f"[OK] Metadata available at: {one.metadata}")
    for further in one.further:
        console.say(f"[OK] Image available at: {further}")


_COLUMNS = ("attempt", "seed", "steps", "cfg", "score", "grade", "image")


def _show_refined(result: "Refined") -> None:
    rows = [
        (
            line.attempt,
            line.seed,
            line.steps,
            line.cfg,
            _number(line.composite_score),
            line.grade,
            line.failure or line.key,
        )
        for line in result.attempts
    ]
    console.table(_COLUMNS, rows)
    if result.image is None:
        return
    console.say(f"[OK] Image available at: {result.image}")
    console.say(f"[OK] Metadata available at: {result.metadata}")
    if result.copy is not None:
        console.note(f"note: copied to {result.copy}")
    if result.is_provisional and result.coverage is not None:
        console.note(
            f"note: only {result.coverage:.0%} of the score's weight was measured; "
            "the grade is provisional"
        )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "generate")(generate)
