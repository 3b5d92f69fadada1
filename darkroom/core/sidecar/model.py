"""The sidecar: the document that commits an image.

Owns the shape of version 1. A sidecar of ours is complete; one upgraded from a
foreign form says so in `origin` and may lack what that form never held. Nothing
here reads a file, a clock or chance: times and ids come in as values.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from darkroom.core.sidecar.drawing import Engine, Input, Parameters, Parent, Workflow
from darkroom.core.sidecar.experiment import ExperimentPlace
from darkroom.core.sidecar.fields import (
    MAX_ITERATION,
    Bag,
    Block,
    Count,
    Endpoint,
    FileName,
    Moment,
    Name,
    Sha256,
    Share,
    Side,
    StoreKey,
    Uuid4,
)
from darkroom.core.sidecar.judging import Cost, Iteration, Quality, Refinement
from darkroom.core.sidecar.variations import combination_hash

SCHEMA: Final = "darkroom/sidecar"
VERSION: Final = 1
Mime = Literal["image/png", "image/jpeg", "image/webp"]


class Identity(Block):
    """Which image this is: where it lies, what its bytes are, which job drew it."""

    key: StoreKey | None = None
    """The image's key in the store; the sidecar lies at the same key plus `.json`."""
    project: Name | None = None
    run_id: Name | None = None
    iteration: Annotated[int, Field(ge=1, le=MAX_ITERATION)] | None = None
    job_key: Sha256 | None = None
    prompt_id: Name | None = None
    output: Annotated[int, Field(ge=1, le=MAX_ITERATION)] | None = None
    """Which image of its job this is, where the graph saves several; the first has no number."""
    sha256: Sha256 | None = None
    size_bytes: Count | None = None
    width: Side | None = None
    height: Side | None = None
    mime: Mime | None = None

    @model_validator(mode="after")
    def _key_belongs_to_the_run(self) -> Self:
        if self.key is None:
            return self
        segments = self.key.split("/")
        if self.project is not None and segments[0] != self.project:
            raise ValueError("key and project disagree")
        in_a_run = self.run_id is not None and segments[1:2] == ["working"]
        if in_a_run and segments[2:3] != [self.run_id]:
            raise ValueError("key and run_id disagree")
        return self


class Storage(Block):
    """Where the image is kept; an address is derived from it, never a signed one stored."""

    kind: Literal["folder", "s3"]
    endpoint: Endpoint | None = None
    bucket: Name | None = None
    key: FileName
    file_size_bytes: Count | None = None
    format: Literal["png", "jpeg", "webp"] | None = None

    @property
    def url(self) -> str | None:
        """The plain address of the image, where the store has addresses."""
        if self.endpoint is None or self.bucket is None:
            return None
        return f"{self.endpoint}/{self.bucket}/{self.key}"


class Origin(Block):
    """The form a sidecar was upgraded from; absent on sidecars we wrote ourselves."""

    form: Literal["s0-flat", "s2-iteration", "s3-nested", "darkroom-0", "imported"]


_OURS_ALWAYS_HAS = ("key", "sha256", "size_bytes", "width", "height", "mime", "project", "run_id")


def _scalars(values: Bag) -> Bag:
    crowded = [axis for axis, value in values.items() if isinstance(value, dict | list)]
    if crowded:
        raise ValueError(f"axis {crowded[0][:40]!r} must hold one plain value")
    return values


class Sidecar(Block):
    """Everything known about one image at the moment it was committed."""

    document: Literal["darkroom/sidecar"] = Field(default=SCHEMA, alias="schema")
    version: Literal[1] = VERSION
    timestamp: Moment | None = None
    """When the image was made, UTC."""
    committed_at: Moment | None = None
    """When this document was written, UTC."""
    generation_id: Uuid4 | None = None
    identity: Identity = Identity()
    input: Input = Input()
    workflow: Workflow = Workflow()
    parameters: Parameters = Parameters()
    engine: Engine | None = None
    parents: Annotated[tuple[Parent, ...], Field(strict=False, max_length=100)] = ()
    iteration: Iteration | None = None
    quality: Quality | None = None
    refinement: Refinement | None = None
    experiment: ExperimentPlace | None = None
    variations: Annotated[Bag, Field(max_length=200)] = Field(default_factory=Bag)
    """Varied axes and the value each took."""
    variation_combination_hash: Sha256 | None = None
    """sha256 over the canonical JSON of `variations`; null when nothing varied."""
    cost: Cost | None = None
    storage: Storage | None = None
    validation_score: Share | None = None
    """S0's CLIP validation score; null when not asked for."""
    is_test: bool = False
    origin: Origin | None = None
    extra: Bag = Field(default_factory=Bag)
    """What a reader did not know, by JSON pointer; kept so that nothing is lost."""

    @model_validator(mode="after")
    def _complete_when_ours(self) -> Self:
        if self.origin is not None:
            return self
        lacking = [name for name in _OURS_ALWAYS_HAS if getattr(self.identity, name) is None]
        lacking = [f"identity.{name}" for name in lacking]
        lacking += [name for name in ("timestamp", "generation_id") if getattr(self, name) is None]
        if lacking:
            raise ValueError(f"a sidecar of ours needs {', '.join(lacking)}")
        return self

    @model_validator(mode="after")
    def _variations_match_their_hash(self) -> Self:
        if self.variation_combination_hash != combination_hash(_scalars(self.variations)):
            raise ValueError("variation_combination_hash is not the hash of variations")
        return self

    @model_validator(mode="after")
    def _one_iteration_number(self) -> Self:
        if self.iteration is not None and self.identity.iteration not in {
            None,
            self.iteration.iteration,
        }:
            raise ValueError("identity.iteration and iteration.iteration disagree")
        return self
