"""What `generate` is asked for as a flow, and what it came to: small records only.

Owns names, bounds and descriptions of the form, and the report. Draws nothing itself:
`drawing` does, as for the command. Holds no secret.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName, Prompt
from darkroom.core.config.parameters import DRAW_SEED, MAX_SEED
from darkroom.core.errors import DarkroomError
from darkroom.core.scoring.metrics import Tier
from darkroom.generating.drawing import Made, Telling, generate
from darkroom.generating.request import MOST_IMAGES, Request
from darkroom.writepath.fleet_terms import Slot, free, unheard

_LONG_TEXT = 100_000


class GenerateOptions(BaseModel):
    """How to go about it; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    negative: str | None = Field(
        default=None, description="What it should not show.", max_length=_LONG_TEXT
    )
    seed: int | None = Field(
        default=None,
        description="Of the first image, counting up; left out, the project's, or one that"
        " follows from the flow run; -1 always takes the latter.",
        ge=DRAW_SEED,
        le=MAX_SEED,
    )
    steps: int | None = Field(default=None, description="Sampling steps.", ge=1, le=100_000)
    cfg: float | None = Field(
        default=None, description="How strongly the prompt pulls.", ge=0, le=1000
    )
    sampler: str | None = Field(
        default=None, description="A sampler the server has.", max_length=200
    )
    scheduler: str | None = Field(
        default=None, description="A scheduler the server has.", max_length=200
    )
    preset: str | None = Field(
        default=None, description="A named set of parameters.", max_length=200
    )
    loras: list[str] = Field(
        default_factory=list[str],
        description="LoRAs to put in, each as NAME:STRENGTH.",
        max_length=50,
        examples=[["ink.safetensors:0.8"]],
    )
    settings: list[str] = Field(
        default_factory=list[str],
        title="Single inputs",
        description="Single inputs of single nodes, each as NODE.INPUT=VALUE.",
        max_length=200,
        examples=[["KSampler.denoise=0.6"]],
    )
    workflow: str | None = Field(
        default=None, description="A workflow file, or the name of a known one.", max_length=1024
    )
    host: str | None = Field(
        default=None,
        description="A host of darkroom.yaml, `embedded`, or http://host:port; several with"
        " commas, or `any`.",
        max_length=10_000,
    )
    score: bool = Field(
        default=False, description="Score each image; the scores go into its sidecar."
    )
    validate_prompt: bool = Field(
        default=False, description="Fill in how well each image shows its prompt."
    )
    tier: Tier | None = Field(
        default=None, description="Which scorers measure; left out, the configured ones."
    )
    fresh: bool = Field(default=False, description="Draw also what the store has already.")
    is_test: bool = Field(default=False, description="Mark the images as tests.")

    def of(self, project: str | None, prompt: str | None, count: int) -> "GenerateParams":
        """The same, for this project and prompt."""
        return GenerateParams(project=project, prompt=prompt, count=count, **dict(self))


class GenerateParams(GenerateOptions):
    """Draw images and keep each with everything that made it."""

    project: ProjectName | None = None
    prompt: Prompt | None = None
    count: int = Field(default=1, description="How many images.", ge=1, le=MOST_IMAGES)

    def request(self) -> Request:
        """The same as `darkroom generate` would be asked."""
        return Request(
            workflow=self.workflow,
            prompt=self.prompt,
            negative=self.negative,
            seed=self.seed,
            steps=self.steps,
            cfg=self.cfg,
            sampler=self.sampler,
            scheduler=self.scheduler,
            preset=self.preset,
            loras=tuple(self.loras),
            settings=tuple(self.settings),
            count=self.count,
            is_test=self.is_test,
            is_fresh=self.fresh,
            host=self.host,
            project=self.project,
            scores=self.score,
            validates=self.validate_prompt,
            tier=self.tier,
        )


@dataclass
class GenerateReport:
    """What was drawn, and what was not."""

    images: list[Made] = field(default_factory=list[Made])
    """In the order of their keys."""
    failed: list[str] = field(default_factory=list[str])
    """Why images are missing, one line each."""
    notes: tuple[str, ...] = ()
    """What to know of the order, and of servers that died or came back meanwhile."""


def order(
    params: GenerateParams,
    drawn: Callable[[], int],
    slot: Slot = free,
    said: Callable[[str], None] = unheard,
    *,
    is_watched: bool = True,
) -> GenerateReport:
    """Draw every image; `drawn` gives the seed where none is named.

    What keeps single images from being drawn is reported, what keeps all from it raised.
    `said` hears in a line of a server that fails in the middle of it. Where nobody looks on,
    one that is away at the beginning is waited for.
    """
    report = GenerateReport()

    def noted(text: str) -> None:
        report.notes = (*report.notes, text)
        said(text)

    telling = Telling(made=report.images.append, said=noted, is_watched=is_watched)
    telling.begun = lambda prepared: setattr(report, "notes", prepared.notes)
    try:
        generate(params.request(), telling, drawn, slot)
    except DarkroomError as error:
        if error not in telling.failed:
            raise
        report.failed = [f"{one.message} [{one.code}]" for one in telling.failed]
    report.images.sort(key=attrgetter("key"))
    return report
