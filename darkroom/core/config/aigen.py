"""AIGen.yaml: how ComfyUI is driven for a project.

Owns the shape of one file. Where the workflow lies and whether it fits is told by
`darkroom.adapters.projects`; what a host offers is asked before a run.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from darkroom.core.config.fields import EMBEDDED, Record, ShortName, Text
from darkroom.core.config.host_choice import HostChoice, host_names
from darkroom.core.config.parameters import Parameters
from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.bindings import role_named

_MOST_BINDINGS = 100


def _role(name: str) -> str:
    try:
        role_named(name)
    except WorkflowError as error:
        raise ValueError(error.message) from None
    return name


def _place(text: str) -> str:
    node, dot, name = text.partition(".")
    if not (node and dot and name):
        raise ValueError("must have the form node.input, for example '9.text'")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _few(table: object) -> object:
    if isinstance(table, Mapping) and len(cast("Mapping[object, object]", table)) > _MOST_BINDINGS:
        raise ValueError(f"must hold no more than {_MOST_BINDINGS} entries")
    return cast("object", table)


class CheckpointModel(Record):
    """Which weights are loaded."""

    ckpt_name: Text
    """The file name the host lists under checkpoints."""


class Comfy(Record):
    """The ComfyUI server that draws."""

    host: HostChoice = "localhost"
    """A host name, a host of darkroom.yaml, or `embedded` for the built-in engine; several with
    commas between them, or `any` for every host of darkroom.yaml."""
    port: int = Field(default=8188, ge=1, le=65_535)
    """Its port; not used for `embedded` and for hosts of darkroom.yaml."""
    timeout_s: float = Field(default=600.0, gt=0, le=86_400, allow_inf_nan=False)
    """How long one image may take."""
    retries: int = Field(default=3, ge=0, le=20)
    """How often a step is tried again when the store, or a server that is not waited for, fails."""

    @property
    def is_embedded(self) -> bool:
        """Whether the built-in engine draws."""
        return self.host == EMBEDDED

    @property
    def each(self) -> "tuple[Comfy, ...]":
        """The servers one by one, where several are named."""
        return tuple(self.model_copy(update={"host": name}) for name in host_names(self.host))


class StartPrompts(Record):
    """The prompts of the first iteration."""

    positive: Text
    """What the image should show."""
    negative: str = ""
    """What it should not show."""


class Strategies(Record):
    """What to do when an image is too much like the original, or too little."""

    too_similar: Literal["fixed", "model"] = "fixed"
    """`fixed` raises denoise and cfg by the steps below; `model` asks the vision model."""
    too_different: Literal["fixed", "model"] = "fixed"
    """`fixed` lowers denoise by the step below; `model` asks the vision model."""
    similar_above: float = Field(default=0.85, ge=0, le=1)
    """A similarity above this is too similar."""
    different_below: float = Field(default=0.3, ge=0, le=1)
    """A similarity below this is too different."""
    denoise_step: float = Field(default=0.05, gt=0, le=1)
    """By how much denoise moves."""
    cfg_step: float = Field(default=1.0, gt=0, le=19)
    """By how much cfg moves."""


RoleName = Annotated[str, AfterValidator(_role)]
Places = Annotated[
    list[Annotated[str, AfterValidator(_place)]],
    BeforeValidator(_listed),
    Field(min_length=1),
]


class AIGen(Record):
    """The whole of AIGen.yaml."""

    workflow_file: Text
    """A workflow in API format, looked for in the project, then in the defaults."""
    model: CheckpointModel
    comfyui: Comfy = Comfy()
    preset: ShortName | None = None
    """A named set of parameters that stands just below this file."""
    parameters: Parameters = Parameters()
    prompts: StartPrompts
    bindings: Annotated[dict[RoleName, Places], BeforeValidator(_few)] = Field(
        default_factory=dict[str, list[str]]
    )
    """Where a role is set, for graphs that are read wrongly: `positive: 9.text`."""
    strategies: Strategies = Strategies()
