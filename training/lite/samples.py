"""Pictures with faults of known severity, as rows of features.

Owns which pictures and seeds belong to fitting and which to evaluation: they differ
in what the pictures show, in how the faults are made and in every seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from darkroom.adapters.scorers.lite.features import features
from training.lite import seen_faults, seen_pictures, unseen_faults, unseen_pictures
from training.lite.noise_fields import Pixels, finished
from training.lite.preserved import preserved
from training.lite.seen_faults import LEVELS, Fault, varied

FIT_SEED, TEST_SEED = 41_000_000, 97_000_000
SIDES = (128, 192, 256, 384, 512)
NONE = "none"


@dataclass(frozen=True)
class Sample:
    """One picture with at most two faults."""

    picture: int
    fault: str
    severity: float
    detail: float
    """Share of the fine structure of the undistorted picture that is still there."""
    row: NDArray[np.float64]


def to_fit(count: int, processes: int) -> list[Sample]:
    """Each picture untouched, with every fault at two severities, and with pairs of faults."""
    return _all(_to_fit_one, range(count), processes)


def to_test(count: int, faults: str, processes: int) -> list[Sample]:
    """Unseen pictures with every fault at severities 1 to 5; `faults` is seen or unseen."""
    jobs = [(number, faults) for number in range(count)]
    return _all(_to_test_one, jobs, processes)


def of_photos(folder: Path, faults: str, processes: int) -> list[Sample]:
    """The same for the user's own photographs."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    jobs = [(number, path, faults) for number, path in enumerate(paths)]
    return _all(_of_photo, jobs, processes)


def _all(work: Callable[..., list[Sample]], jobs: object, processes: int) -> list[Sample]:
    with Pool(processes, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        return [sample for found in pool.imap(work, jobs, chunksize=1) for sample in found]


def _to_fit_one(number: int) -> list[Sample]:
    rng = np.random.default_rng([FIT_SEED, number])
    clean = varied(seen_pictures.drawn(number, rng, int(rng.choice(SIDES))), rng)
    found = [_sample(number, NONE, 0, clean, clean)]
    names = tuple(seen_faults.FAULTS)
    for name in names:
        for low in (0.5, 2.75):
            severity = float(rng.uniform(low, low + 2.25))
            spoilt = seen_faults.FAULTS[name](clean, severity, rng)
            found.append(_sample(number, name, severity, clean, spoilt))
    for _ in range(3):
        found.append(_with_two(number, clean, rng))
    return found


def _with_two(number: int, clean: Pixels, rng: Generator) -> Sample:
    """The worse of both faults names the sample; a file is compressed last."""
    first, second = sorted(rng.choice(list(seen_faults.FAULTS), 2, replace=False), key=_late)
    strong, weak = float(rng.uniform(0.5, 5)), float(rng.uniform(0.3, 2.0))
    weak = min(weak, strong)
    severities = (strong, weak) if rng.random() < 0.5 else (weak, strong)
    spoilt = clean
    for name, severity in zip((first, second), severities, strict=True):
        spoilt = seen_faults.FAULTS[name](spoilt, severity, rng)
    named = first if severities[0] >= severities[1] else second
    return _sample(number, f"{named}+", max(severities), clean, spoilt)


def _late(name: str) -> bool:
    return name == "JPEG blocks"


def _to_test_one(job: tuple[int, str]) -> list[Sample]:
    number, faults = job
    rng = np.random.default_rng([TEST_SEED, number])
    kind = unseen_pictures.KINDS[number % len(unseen_pictures.KINDS)]
    side = int(rng.choice(SIDES))
    clean = varied(finished(kind(rng, 2 * side), side), rng)
    return list(_spoilt(number, clean, faults))


def _of_photo(job: tuple[int, Path, str]) -> list[Sample]:
    number, path, faults = job
    with Image.open(path) as opened:
        photo = opened.convert("RGB")
        photo.thumbnail((640, 640), Image.Resampling.BOX)
        clean = np.ascontiguousarray(np.asarray(photo, np.uint8))
    return list(_spoilt(number, clean, faults))


def _spoilt(number: int, clean: Pixels, faults: str) -> Iterator[Sample]:
    table: dict[str, Fault] = (unseen_faults if faults == "unseen" else seen_faults).FAULTS
    yield _sample(number, NONE, 0, clean, clean)
    for name, fault in table.items():
        for severity in range(1, LEVELS + 1):
            rng = np.random.default_rng([TEST_SEED, number, len(name)])
            spoilt = fault(clean, severity, rng)
            yield _sample(number, name, severity, clean, spoilt)


def _sample(number: int, fault: str, severity: float, clean: Pixels, spoilt: Pixels) -> Sample:
    kept = preserved(clean, spoilt) if clean.shape == spoilt.shape else np.nan
    return Sample(number, fault, float(severity), kept, features(spoilt).row)
