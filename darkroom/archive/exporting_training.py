"""Write images and captions to a folder that trainers read.

Owns the form: NAME.png and NAME.txt side by side, and metadata.jsonl for tools that read
one list. Every image is checked against the sha256 of its sidecar; one that differs is
told and left out. Running it again fetches only what is missing.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.archive.selecting import Selected
from darkroom.core.errors import DarkroomError, UsageError

LIST = "metadata.jsonl"
_AT_ONCE = 8


@dataclass(frozen=True)
class Sample:
    """One image of the set: where it lies in the store, and what it will be called."""

    image: str
    sha256: str | None
    caption: str
    name: str


@dataclass(frozen=True)
class Left:
    """An image that could not be taken, and why."""

    image: str
    reason: str


@dataclass(frozen=True)
class TrainingSet:
    """What the folder holds now."""

    folder: str
    images: int
    written: int
    unverified: int
    """Images whose sidecar names no sha256; taken as they are."""
    left_out: tuple[Left, ...]


def samples_in(connection: Connection, selected: Selected) -> list[Sample]:
    """The images of a training set, under names that do not clash."""
    rows = rows_of(connection, *selected.ahead_of("export_training", {}))
    taken: set[str] = set()
    return [_sample(row, taken) for row in rows]


def _sample(row: dict[str, object], taken: set[str]) -> Sample:
    image, sha256 = str(row["image"]), row["sha256"]
    parts = [str(row[name]) for name in ("project", "run_id") if row[name]]
    stem, _, ending = image.rpartition("/")[2].rpartition(".")
    name = "_".join([*parts, stem or ending])
    if name in taken:
        name = f"{name}_{hashlib.sha256(image.encode()).hexdigest()[:12]}"
    taken.add(name)
    file = f"{name}.{ending}" if stem else name
    return Sample(image, str(sha256) if sha256 else None, str(row["prompt"]), file)


def write_training_set(
    store: Store,
    samples: Sequence[Sample],
    folder: Path,
    advance: Callable[[int], None] = lambda _count: None,
) -> TrainingSet:
    """Write the images and captions; what could not be taken is in the answer."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        outcomes = list(_outcomes(store, samples, folder, advance))
        kept = [sample for sample, left in outcomes if not isinstance(left, Left)]
        lines = [json.dumps({"file_name": s.name, "text": s.caption}) + "\n" for s in kept]
        (folder / LIST).write_text("".join(lines), encoding="utf-8")
    except OSError as exc:
        message = f"cannot be written: {exc.strerror or exc}"
        raise UsageError("file-not-written", message, where=str(folder)) from exc
    return TrainingSet(
        folder=str(folder),
        images=len(kept),
        written=sum(left is True for _, left in outcomes),
        unverified=sum(sample.sha256 is None for sample in kept),
        left_out=tuple(left for _, left in outcomes if isinstance(left, Left)),
    )


def _outcomes(
    store: Store, samples: Sequence[Sample], folder: Path, advance: Callable[[int], None]
) -> Iterable[tuple[Sample, Left | bool]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = pool.map(partial(_taken, store, folder), samples)
        for sample, outcome in zip(samples, done, strict=True):
            advance(1)
            yield sample, outcome


def _taken(store: Store, folder: Path, sample: Sample) -> Left | bool:
    """Whether the image had to be written, or why it is left out."""
    place = folder / sample.name
    place.with_suffix(".txt").write_text(sample.caption, encoding="utf-8")
    if place.is_file() and _sha256(place) == sample.sha256:
        return False
    try:
        if sample.sha256 is None:
            place.write_bytes(store.get(sample.image))
        else:
            place.write_bytes(read_verified(store, sample.image, sample.sha256))
    except DarkroomError as error:
        place.with_suffix(".txt").unlink()
        return Left(sample.image, error.message)
    return True


def _sha256(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()
