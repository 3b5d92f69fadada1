"""The promise made before a job is submitted, and everything needed to keep it after a crash.

Owns the intent document: the complete graph, the id the server will know the job by,
the image key it is meant for, what the run asked for and what the sidecar will say.
An intent proves itself: its graph, inputs, seed and engine hash to its job key.
"""

import copy
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from darkroom.adapters.renderer import Graph
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError
from darkroom.core.keys import RunKeys, job_key

MAX_BYTES = 8_000_000
_PREFIX = "filename_prefix"
_SHA256 = r"^[0-9a-f]{64}$"
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Json = JsonValue
Bag = dict[str, JsonValue]


class Record(BaseModel):
    """One document of ours: frozen, strict, nothing unknown."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    def as_bytes(self) -> bytes:
        """The canonical form."""
        return canonical_json(self.model_dump(mode="json", by_alias=True)) + b"\n"


class Owner(Record):
    """Which process made the promise, by tokens that name neither host nor person."""

    machine: str
    process: str


class InputFile(Record):
    """An image the graph starts from, kept in the store so that it can be sent again."""

    name: str
    """How the graph calls it."""
    sha256: Annotated[str, Field(pattern=_SHA256)]
    key: str


class Intent(Record):
    """One submission of one job."""

    document: Literal["darkroom/intent"] = Field(default="darkroom/intent", alias="schema")
    version: Literal[1] = 1
    job_key: Annotated[str, Field(pattern=_SHA256)]
    attempt: Annotated[int, Field(ge=1, le=999)]
    prompt_id: Annotated[str, Field(pattern=_UUID)]
    host: str
    engine: str
    """The engine identity that is part of the job key."""
    receipt: Bag
    """What the server said it was, for a sidecar written after it has gone."""
    seed: Annotated[int, Field(ge=0, le=2**64 - 1)]
    graph: dict[str, dict[str, Any]]
    inputs: Annotated[tuple[InputFile, ...], Field(strict=False)] = ()
    image_key: str
    project: str
    run_id: str
    iteration: Annotated[int, Field(ge=1)]
    describes: Bag = Field(default_factory=dict)
    """Parts of the sidecar that were known beforehand."""
    asked: Bag = Field(default_factory=dict)
    """What the run wants to know of the image before it counts; empty when nothing."""
    created_at: str
    owner: Owner

    @property
    def keys(self) -> RunKeys:
        """Where everything of its run lies."""
        return RunKeys(self.project, self.run_id)

    @model_validator(mode="after")
    def _proves_itself(self) -> Self:
        if self.image_key != self.keys.image(self.iteration):
            raise ValueError("image_key is not the key of its run and iteration")
        hashes = {item.name: item.sha256 for item in self.inputs}
        if identity(self.graph, hashes, self.seed, self.engine) != self.job_key:
            raise ValueError("graph, inputs, seed and engine do not hash to job_key")
        return self


def identity(graph: Graph, input_hashes: dict[str, str], seed: int, engine: str) -> str:
    """The job key; where the server saves its copy is no part of what is drawn."""
    return job_key(with_prefix(graph, ""), input_hashes, seed, engine)


def with_prefix(graph: Graph, prefix: str) -> Graph:
    """A copy of the graph whose saving nodes write under this name."""
    changed = copy.deepcopy(graph)
    for node in changed.values():
        inputs = node.get("inputs")
        if isinstance(inputs, dict) and isinstance(inputs.get(_PREFIX), str):  # pyright: ignore[reportUnknownMemberType]
            inputs[_PREFIX] = prefix
    return changed


def attempt_prefix(job: str, attempt: int, prompt_id: str) -> str:
    """A file name of its own for every submission: a cached result must not name an old file."""
    return f"darkroom-{job[:16]}-{attempt}-{prompt_id[:8]}"


def parse_intent(data: bytes, key: str) -> Intent:
    """Read an intent found under this key, or raise DataError with the reason."""
    if len(data) > MAX_BYTES:
        raise DataError("intent-damaged", f"{len(data)} bytes are too many", where=key)
    try:
        intent = Intent.model_validate_json(data)
    except (ValidationError, RecursionError) as exc:
        raise DataError("intent-damaged", first_problem(exc), where=key) from exc
    if intent.keys.intent(intent.job_key, intent.attempt) != key:
        raise DataError("intent-damaged", "it claims to be another one", where=key)
    return intent


def first_problem(error: ValidationError | RecursionError) -> str:
    """The first thing wrong with a document, without repeating its content."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
