"""What the names in a store say, in one pass and in the order in which stores list them.

Owns telling pairs, orphans, broken images and promises apart by key alone. Keeps no more
than one run in memory; reads no content.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from darkroom.adapters.warehouse.places import kind_of, run_root
from darkroom.core.sidecar.reading import image_key

_IMAGES = (".png", ".jpg", ".jpeg", ".webp")
_JOB_DIGITS = 64
_IN_A_RUN = 5


@dataclass(frozen=True)
class Pair:
    """An image and the sidecar that commits it; whether the image's name was seen."""

    image: str
    sidecar: str
    is_there: bool = True


@dataclass
class RunEnd:
    """Everything of one run was listed: what its names leave open."""

    root: str
    orphans: dict[str, None] = field(default_factory=dict[str, None])
    jobs: dict[str, None] = field(default_factory=dict[str, None])
    """Job keys that were promised in it."""
    committed: dict[str, None] = field(default_factory=dict[str, None])
    """Images with a sidecar beside them: what S2's form says of them too commits nothing."""


Item: TypeAlias = Pair | RunEnd


def items(keys: Iterable[str]) -> Iterator[Item]:
    """Sort ascending keys of one project into what they mean."""
    run: RunEnd | None = None
    waiting: str | None = None
    for key in keys:
        root = run_root(key)
        if run is not None and run.root != root:
            yield run
            run, waiting = None, None
        if root is not None and run is None:
            run = RunEnd(root)
        if (kind := kind_of(key)) in {"sidecar", "s2"}:
            yield from _pairs(key, kind == "s2", run, waiting)
        elif key.endswith(_IMAGES):
            waiting = key
            _note_image(key, run)
        elif run is not None:
            _note_promise(key, run)
    if run is not None:
        yield run


def _pairs(key: str, is_s2: bool, run: RunEnd | None, waiting: str | None) -> Iterator[Pair]:
    image = image_key(key)
    if run is None:
        yield Pair(image, key, waiting == image or is_s2)
        return
    if is_s2 and image in run.committed:
        return
    is_there = image in run.orphans or waiting == image
    run.orphans.pop(image, None)
    if not is_s2:
        run.committed[image] = None
    yield Pair(image, key, is_there)


def _note_image(key: str, run: RunEnd | None) -> None:
    if run is not None and key.startswith(f"{run.root}/images/"):
        run.orphans[key] = None


def _note_promise(key: str, run: RunEnd) -> None:
    parts = key.split("/")
    job = parts[-1].partition(".")[0]
    if len(parts) == _IN_A_RUN and parts[3] == "intents" and len(job) == _JOB_DIGITS:
        run.jobs[job] = None
