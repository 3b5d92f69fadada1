"""What the forms of several flows share: a project, a prompt, and the connections of a run.

Owns their bounds and words. Knows nothing of Prefect, which makes the forms; holds
names of connections, never a secret.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ProjectName = Annotated[
    str,
    Field(
        description="A folder under projects/, by its name.",
        min_length=1,
        max_length=64,
        pattern=r"^[a-z0-9][a-z0-9_-]*$",
        examples=["demo"],
    ),
]
Prompt = Annotated[str, Field(description="What the image should show.", max_length=100_000)]
BlockName = Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Connections(BaseModel):
    """Blocks of this Prefect server that a run uses, by their names; none unless named.

    What a block leaves empty is taken from darkroom.yaml and the environment of the worker.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: BlockName | None = Field(
        default=None,
        title="Store",
        description="A block of type Darkroom store: where images are kept.",
        examples=["team"],
    )
    warehouse: BlockName | None = Field(
        default=None,
        title="Warehouse",
        description="A block of type Darkroom warehouse: where the queryable copy lies.",
    )
    servers: list[BlockName] = Field(
        default_factory=list[str],
        title="ComfyUI servers",
        description="Blocks of type Darkroom ComfyUI server; each adds the host of its name.",
        max_length=100,
    )
    providers: list[BlockName] = Field(
        default_factory=list[str],
        title="Vision providers",
        description="Blocks of type Darkroom vision provider: address and key of a judge.",
        max_length=10,
    )
