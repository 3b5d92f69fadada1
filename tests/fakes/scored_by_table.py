"""A scoring client without a process: raw values by metric, read from a table of the test.

Decodes what it is given, keeps what it measured by digest as the real one does, and
counts both. Belongs to the thread that opened it, as the real one does.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from darkroom.adapters.images import decode
from darkroom.adapters.scorers.resident_images import ImageToScore
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.errors import ImageRefused
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec, MetricTable
from darkroom.core.scoring.normalise import Normalisation
from darkroom.core.sidecar.judging import Score

Raw = Callable[[MetricSpec, ImageToScore], float | None]


PLAIN = {"higher": ((0.0, 0.0), (1.0, 10.0)), "lower": ((0.0, 10.0), (1.0, 0.0))}


def plain_table() -> MetricTable:
    """The shipped table with anchors that no training changes: a raw tenth is one of ten."""
    table = metric_table()
    return table.model_copy(update={"metrics": tuple(map(_plain, table.metrics))})


def _plain(spec: MetricSpec) -> MetricSpec:
    if spec.tier != "lite" or spec.direction == "peak":
        return spec
    how = Normalisation(calibration="plain", anchors=PLAIN[spec.direction])
    return spec.model_copy(update={"normalisation": how})


def install(patch: pytest.MonkeyPatch) -> "Bench":
    """Have everything that scores in this process use a bench and the plain table."""
    made = Bench()
    patch.setattr("darkroom.scoring.measuring.ScoringClient", made.client)
    for user in ("configured", "learning"):
        patch.setattr(f"darkroom.scoring.{user}.metric_table", plain_table)
    return made


class Bench:
    """What the tests script and count; every client of a test works at it."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        """Raw values by metric; what is not named cannot be measured."""
        self.raw: Raw = lambda spec, _image: self.values.get(spec.name)
        self.measured: list[str] = []
        """The digest of every image whose bytes were read."""
        self.asked: list[tuple[str, str | None]] = []
        """Digest and prompt of everything asked for."""
        self.known: dict[tuple[str, str, str | None], float] = {}

    def client(self, _place: Any, specs: Sequence[MetricSpec]) -> "TableClient":
        return TableClient(self, specs)


class TableClient:
    """The contract of ScoringClient."""

    def __init__(self, bench: Bench, specs: Sequence[MetricSpec]) -> None:
        self.bench = bench
        self.specs = tuple(specs)
        self._thread = threading.get_ident()

    def score_images(
        self,
        images: Iterable[ImageToScore],
        on_scored: Callable[[int, list[Score]], None] | None = None,
    ) -> list[list[Score]]:
        assert threading.get_ident() == self._thread, "one client per thread"
        found: list[list[Score]] = []
        for index, image in enumerate(images):
            found.append(self._scored(image))
            if on_scored is not None:
                on_scored(index, found[-1])
        return found

    def _scored(self, image: ImageToScore) -> list[Score]:
        self.bench.asked.append((image.sha256, image.prompt))
        known = self._known(image)
        if len(known) == len(self.specs):
            return [measured(spec, known[spec.name], ms=1.0) for spec in self.specs]
        data = image.read()
        self.bench.measured.append(image.sha256)
        try:
            decode(data)
        except ImageRefused as refusal:
            return [unmeasured(spec, refusal.message) for spec in self.specs]
        return [self._one(spec, image) for spec in self.specs]

    def _known(self, image: ImageToScore) -> Mapping[str, float]:
        keys = {spec.name: (image.sha256, spec.name, image.prompt) for spec in self.specs}
        return {
            name: self.bench.known[key] for name, key in keys.items() if key in self.bench.known
        }

    def _one(self, spec: MetricSpec, image: ImageToScore) -> Score:
        raw = self.bench.raw(spec, image)
        if raw is None:
            return unmeasured(spec, "not in the table")
        self.bench.known[image.sha256, spec.name, image.prompt] = raw
        return measured(spec, raw, ms=1.0)

    def __enter__(self) -> "TableClient":
        return self

    def __exit__(self, *_: object) -> None:
        assert threading.get_ident() == self._thread, "closed where it was opened"
