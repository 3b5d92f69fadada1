"""The shape of `projects/<name>/experiments/<experiment>.yaml`.

Owns the records. How a file is read into them is `darkroom.core.experiments.reading`'s,
which cells it means `darkroom.core.experiments.expanding`'s; whether a server can draw them
is asked when it is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from darkroom.core.config.fields import HostName, Record, ShortName, Text
from darkroom.core.config.host_choice import host_names
from darkroom.core.experiments.axes import Axis
from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.constraints import Constraint
from darkroom.core.experiments.phrases import Template
from darkroom.core.scoring.refinement import StrategyName

MOST_CELLS = 20_000
MOST_IMAGES = 200_000
MOST_SEEDS = 10_000
PROMPT = "prompt"
SCALES: Mapping[str, float] = {"rules": 100.0, "both": 100.0, "scores": 10.0, "none": 10.0}
"""What a perfect score is, by who judges."""


def _nothing(value: object) -> object:
    return None if value == "none" else value


def _one_of_each(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("names one twice")
    return values


def _listed(value: object) -> object:
    return host_names(value) if isinstance(value, str) else value


class Budget(Record):
    """When to stop spending; what is left out is not limited."""

    images: int | None = Field(default=None, ge=1, le=MOST_IMAGES)
    """So many images at most, over all runs of the experiment."""
    gpu_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """So many seconds of drawing in one run."""
    minutes: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """So many minutes from start to end of one run."""


class Stop(Record):
    """When a cell, or the whole experiment, has been seen often enough."""

    interval: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """A cell is done once its interval is narrower than this, in points of its score."""
    worse: bool = False
    """A cell is done once it is surely worse than the best, by the seeds both have."""
    target: float | None = Field(default=None, allow_inf_nan=False)
    """Everything is done once the lower end of a cell's interval reaches this score."""
    after: int = Field(default=3, ge=2, le=MOST_SEEDS)
    """No rule counts before a cell has so many seeds."""


class Refine(Record):
    """Draw each cell and seed again until it is good enough, as `darkroom generate` does."""

    threshold: float | None = Field(default=None, ge=0, le=10, allow_inf_nan=False)
    """The composite score that is good enough; left out, refinement.yaml's."""
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    """So many images at most for one cell and seed."""
    strategy: StrategyName | None = None
    """What changes from one attempt to the next."""


class Adaptive(Record):
    """Let an optimiser choose the cells, instead of drawing every combination."""

    sampler: Literal["tpe", "gp", "random"] = "tpe"
    """How the next cells are chosen from what the ones before scored."""
    trials: int = Field(default=30, ge=1, le=MOST_CELLS)
    """So many cells at most."""
    batch: int = Field(default=4, ge=1, le=100)
    """So many are chosen at a time."""
    objectives: Annotated[
        tuple[Literal["score", "seconds"], ...],
        Field(strict=False, min_length=1, max_length=2),
        AfterValidator(_one_of_each),
    ] = ("score",)
    """What counts: the score, as high as can be, and the seconds, as few as can be."""


class Declaration(Record):
    """The whole of an experiment's file."""

    description: str = ""
    """What it is to find out."""
    workflow: Text | None = None
    """A workflow of the project or a shipped one; left out, the project's."""
    prompts: object = None
    """One prompt, a list, or names to prompts; left out, the project's."""
    negative: str | None = None
    """What no image should show; left out, the project's."""
    settings: dict[str, object] = Field(default_factory=dict[str, object])
    """Values that hold for every cell, by role or `node.input`."""
    loras: dict[Text, object] = Field(default_factory=dict[str, object])
    """LoRAs of every cell, and how strongly each acts."""
    axes: dict[str, object] = Field(default_factory=dict[str, object])
    """What changes from cell to cell."""
    constraints: Annotated[tuple[str, ...], Field(strict=False, max_length=100)] = ()
    """Conditions between axes; a combination that breaks one is no cell."""
    repeats: int = Field(default=1, ge=1, le=1000)
    """So often each seed is drawn; what differs then is the machine, or the judge."""
    seeds: object = 3
    """How many, or which; shared by all cells."""
    hosts: Annotated[
        tuple[HostName, ...],
        Field(strict=False, max_length=100),
        BeforeValidator(_listed),
        AfterValidator(_one_of_each),
    ] = ()
    """Hosts of darkroom.yaml, `embedded`, or `any`; left out, the project's."""
    budget: Budget = Budget()
    stop: Stop = Stop()
    judge: Literal["rules", "scores", "both", "none"] = "rules"
    """Whose score counts; with `both` it is the rules', and quality is measured as well."""
    refine: Annotated[Refine | None, BeforeValidator(_nothing)] = None
    adaptive: Adaptive | None = None
    preset: ShortName | None = None
    """A named set of parameters below `settings`."""
    versions: Literal["any", "current"] = "any"
    """Which images count: whatever version of ComfyUI drew them, or only one that a server has."""


@dataclass(frozen=True)
class Experiment:
    """A declaration, understood."""

    name: str
    declared: Declaration
    templates: tuple[tuple[str, Template], ...]
    """Label and prompt; empty where the project's prompt is meant."""
    axes: tuple[Axis, ...]
    constraints: tuple[Constraint, ...]
    settings: Mapping[str, Scalar]
    loras: Mapping[str, float]
    seeds: int | tuple[int, ...]

    @property
    def seed_count(self) -> int:
        """How many seeds each cell has."""
        return self.seeds if isinstance(self.seeds, int) else len(self.seeds)

    @property
    def scale(self) -> float:
        """What a perfect score is."""
        return SCALES[self.declared.judge]
