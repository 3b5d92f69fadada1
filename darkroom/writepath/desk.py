"""What every step of the write path works with, handed in once by whoever starts it.

Owns the record of collaborators (store, locks, image decoder, clock, ids, the function
that knows the secrets) and the record of a job as callers describe it.
"""

import hashlib
import os
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol, TypeAlias

from darkroom.adapters.images import decode
from darkroom.adapters.renderer import Graph
from darkroom.adapters.stores.protocol import Store
from darkroom.core.keys import RunKeys
from darkroom.writepath.intents import Bag, Intent, Owner, identity
from darkroom.writepath.locks import Locks
from darkroom.writepath.turns import Pace, Turns

_PROCESS = f"{os.getpid()}-{secrets.token_hex(4)}"


class ImageFacts(Protocol):
    """What decoding says of an image."""

    @property
    def width(self) -> int: ...  # noqa: D102 - says itself

    @property
    def height(self) -> int: ...  # noqa: D102 - says itself

    @property
    def mime(self) -> str: ...  # noqa: D102 - says itself

    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102 - says itself


Inspect: TypeAlias = Callable[[bytes], ImageFacts]
"""Decodes completely, or raises ImageRefused."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def new_prompt_id() -> str:
    """A fresh lower-case UUID, the form every ComfyUI version takes."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Desk:
    """Everything the write path reaches, and how."""

    store: Store
    locks: Locks
    inspect: Inspect = decode
    redact: Callable[[str], str] = str
    """Takes secrets out of a text."""
    storage: Mapping[str, object] | None = None
    """How sidecars name the store: kind, endpoint, bucket."""
    now: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = new_prompt_id
    pause: Callable[[float], None] = time.sleep
    settle_s: float = 3.0
    """So long after its intent a job may still be on its way into the server's queue."""
    pace: Pace = field(default_factory=Pace)
    """How machines that share the store hear of one another."""

    def turns(self, project: str) -> Turns:
        """Whose turn the jobs of a project are, among machines."""
        return Turns(self.store, project, self.locks.machine, self.pace, self.pause)

    @property
    def owner(self) -> Owner:
        """This process, as intents name it."""
        return Owner(machine=self.locks.machine, process=_PROCESS)

    def age_s(self, moment: str) -> float:
        """How long ago a recorded moment was, by this clock."""
        return (self.now() - datetime.fromisoformat(moment)).total_seconds()


@dataclass(frozen=True)
class Job:
    """One image to draw: what, where it belongs, and what to say of it."""

    keys: RunKeys
    iteration: int
    graph: Graph
    """API format, with the actual seed in it."""
    seed: int
    engine: str
    """What else decides the pixels: kind of engine, its version, hashes of its models."""
    inputs: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Input images by the name the graph calls them."""
    describes: Bag = field(default_factory=dict[str, object])  # pyright: ignore[reportAssignmentType]
    """Parts of the sidecar known beforehand: input, workflow, parameters, parents ..."""
    asked: Bag = field(default_factory=dict[str, object])  # pyright: ignore[reportAssignmentType]
    """What must be answered before the image counts; needs an `Answer` when not empty."""
    is_fresh: bool = False
    """Drawn even where the store has it; within its run it is still drawn once."""

    @property
    def image_key(self) -> str:
        """Where its image belongs."""
        return self.keys.image(self.iteration)

    @cached_property
    def input_hashes(self) -> dict[str, str]:
        """What the input images hold."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.inputs.items()}

    @property
    def drawn_with(self) -> str:
        """The engine as the job key has it; one drawn afresh is a job of its run alone."""
        return f"{self.engine} fresh {self.keys.run_id}" if self.is_fresh else self.engine

    @cached_property
    def key(self) -> str:
        """The job key: the same drawing has the same key everywhere."""
        return identity(self.graph, self.input_hashes, self.seed, self.drawn_with)


@dataclass(frozen=True)
class Picture:
    """An image in memory that has been decoded once."""

    data: bytes
    sha256: str
    facts: ImageFacts


@dataclass(frozen=True)
class Stored:
    """An image that is stored and not yet committed, as questions are asked of it."""

    intent: Intent
    picture: Picture


@dataclass(frozen=True)
class Service:
    """How the server drew an image: how long it took and what it warned of."""

    seconds: float | None = None
    warnings: tuple[str, ...] = ()


Answer: TypeAlias = Callable[[Stored], Mapping[str, object]]
"""Answers what was asked, saves each answer as it arrives, and returns its parts of the sidecar."""


@dataclass(frozen=True)
class Committed:
    """The image is in the store and its sidecar commits it."""

    job_key: str
    image_key: str
    sha256: str
    prompt_id: str | None
    fresh: bool
    """False when the store had it already and nothing was drawn for it."""
    companions: tuple[str, ...] = ()
    """Where further images lie that the same job saved, when they were drawn just now."""


@dataclass(frozen=True)
class Ended:
    """There is no image, and why is recorded."""

    job_key: str
    prompt_id: str
    cause: str
    """`cancelled`, or one of the causes of failure."""
    message: str
    node: str | None = None


@dataclass(frozen=True)
class Waiting:
    """The image is stored; what was asked for is still to be answered."""

    job_key: str
    image_key: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """Another job's image is committed, or lies, where this one was meant to go."""

    job_key: str
    image_key: str


Drawn: TypeAlias = Committed | Ended | Waiting
