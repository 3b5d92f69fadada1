"""The parts of a sidecar that say how an image was drawn.

Owns what is needed to draw it again: the words, the complete graph, the actual
parameters, the engine that ran it and the images it started from.
"""

from typing import Annotated, Literal, cast

from pydantic import AfterValidator, Field

from darkroom.core.jobs import EngineReceipt
from darkroom.core.sidecar.fields import (
    MAX_ITEMS,
    Bag,
    Block,
    FileName,
    HostName,
    Json,
    Name,
    Seed,
    Sha256,
    Share,
    Side,
    StoreKey,
    Text,
)
from darkroom.core.sidecar.paths import is_machine_path

MAX_NODES = 5_000


class Input(Block):
    """What was asked for, in words."""

    prompt: Text = ""
    negative_prompt: Text = ""
    """Empty when there was none; never null."""
    preset: Name | None = None


def _api_graph(graph: dict[str, Bag]) -> dict[str, Bag]:
    for node, content in graph.items():
        has_type = isinstance(content.get("class_type"), str)
        has_inputs = isinstance(content.get("inputs"), dict)
        if not (has_type and has_inputs):
            raise ValueError(f"node {node[:40]!r} lacks class_type or inputs")
    for node, name in machine_paths(graph):
        raise ValueError(f"node {node[:40]!r} input {name[:40]!r} is a path of a machine")
    return graph


def machine_paths(graph: dict[str, Bag]) -> list[tuple[str, str]]:
    """The inputs, as (node, input), that hold a path of a machine."""
    return [
        (node, name)
        for node, content in graph.items()
        for name, value in cast("Bag", content["inputs"]).items()
        if isinstance(value, str) and is_machine_path(name, value)
    ]


Graph = Annotated[dict[str, Bag], Field(max_length=MAX_NODES), AfterValidator(_api_graph)]


class Workflow(Block):
    """Which workflow drew it: names for people, the complete graph for machines."""

    name: FileName | None = None
    """The file's name, as in S0; the graph below is what counts."""
    model: FileName | None = None
    vae: FileName | None = None
    graph: Graph | None = None
    """The complete API graph as submitted."""
    unparsed: Annotated[tuple[Json, ...], Field(strict=False, max_length=MAX_ITEMS)] = ()
    """Parts of the graph nobody understood; kept, never dropped."""


class Lora(Block):
    """One LoRA and how strongly it was applied."""

    name: FileName
    strength: float
    strength_clip: float | None = None


Loras = Annotated[tuple[Lora, ...], Field(strict=False, max_length=200)]
Resolution = Annotated[
    tuple[Side, Side], Field(strict=False, description="Width and height that were asked for.")
]


class Parameters(Block):
    """The numbers it was really drawn with; null where the graph has no such number."""

    seed: Seed | None = None
    """The actual seed, 0 to 2^64-1; never -1."""
    steps: Annotated[int, Field(ge=0, le=100_000)] | None = None
    cfg: Annotated[float, Field(ge=-1000.0, le=1000.0)] | None = None
    guidance: Annotated[float, Field(ge=-1000.0, le=1000.0)] | None = None
    """Distilled guidance, as Flux has it, beside cfg."""
    sampler: Name | None = None
    scheduler: Name | None = None
    denoise: Share | None = None
    resolution: Resolution | None = None
    loras: Loras = ()


class Engine(Block):
    """What the server said it is, and the weights it used where their hashes are known."""

    kind: Name
    version: Name
    host: HostName
    """A configured name, never an address."""
    device: Name | None = None
    python: Name | None = None
    torch: Name | None = None
    model_hashes: Annotated[dict[FileName, Sha256], Field(max_length=200)] = Field(
        default_factory=dict[str, str]
    )
    warnings: Annotated[tuple[Text, ...], Field(strict=False, max_length=MAX_ITEMS)] = ()
    """What the server warned of while it drew, such as words it does not know."""

    @classmethod
    def from_receipt(
        cls, receipt: EngineReceipt, model_hashes: dict[str, str] | None = None
    ) -> "Engine":
        """Take over the receipt the adapter gave."""
        return cls(
            kind=receipt.kind,
            version=receipt.version,
            host=receipt.host,
            device=receipt.device,
            python=receipt.python,
            torch=receipt.torch,
            model_hashes=model_hashes or {},
        )


class Parent(Block):
    """An image this one was made from."""

    sha256: Sha256
    key: StoreKey | None = None
    role: Literal["input", "mask", "reference"] = "input"
