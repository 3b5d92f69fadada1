"""Sampler parameters, whole in AIGen.yaml and in part in presets.

Owns their ranges. Which samplers and schedulers exist is the host's to say, and is
asked before a run.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from darkroom.core.config.fields import Record, Text

MAX_SEED = 2**64 - 1
DRAW_SEED = -1


def _drawn(seed: int | None) -> int | None:
    """Read -1, ComfyUI's usual word for it, as "draw one"."""
    return None if seed == DRAW_SEED else seed


Denoise = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Cfg = Annotated[float, Field(ge=1.0, le=20.0, allow_inf_nan=False)]
Steps = Annotated[int, Field(ge=1, le=10_000)]
Seed = Annotated[int | None, Field(ge=DRAW_SEED, le=MAX_SEED), AfterValidator(_drawn)]
Side = Annotated[int, Field(ge=16, le=16_384, multiple_of=8)]


class Parameters(Record):
    """How an image is sampled."""

    denoise: Denoise = 0.5
    """How much of the input image is redrawn: 0 nothing, 1 everything."""
    cfg: Cfg = 7.0
    """How strongly the prompt pulls."""
    steps: Steps = 25
    """Sampling steps, typically 20 to 30."""
    seed: Seed = None
    """The noise to start from; null or -1 draws one, and what was drawn is recorded."""
    sampler_name: Text = "dpmpp_2m"
    """A sampler the host knows."""
    scheduler: Text = "karras"
    """A scheduler the host knows."""
    width: Side | None = None
    """The width of a new image; left out, the workflow's."""
    height: Side | None = None
    """The height of a new image; left out, the workflow's."""


class SomeParameters(Record):
    """Any part of the parameters; what is left out stays as it is."""

    denoise: Denoise | None = None
    """As in AIGen.yaml, like all the others here."""
    cfg: Cfg | None = None
    steps: Steps | None = None
    seed: Seed = None
    sampler_name: Text | None = None
    scheduler: Text | None = None
    width: Side | None = None
    height: Side | None = None


class Preset(Record):
    """A named set of parameters: presets/NAME.yaml."""

    description: str = ""
    """What it is good for."""
    parameters: SomeParameters = SomeParameters()
    """Stands just below the file or flag that names the preset."""
