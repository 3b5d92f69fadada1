"""Calibrations: how raw values of a laboratory's own images become values from 0 to 10.

Owns the shape of a calibration file, how one is made from measurements, and how it takes
the place of the shipped anchors. Made by quantiles: 7.5 means better than three quarters
of the images it was made from. A file is never changed; another one has another id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from darkroom.core.config.fields import Record, ShortName, Text
from darkroom.core.scoring.metrics import Digest, MetricSpec, MetricTable, Tier, Version
from darkroom.core.scoring.normalise import Anchors, Normalisation, normalised, runs
from darkroom.core.sidecar.judging import Score

POINTS: tuple[tuple[float, float], ...] = (
    (0.01, 0.0),
    (0.10, 1.0),
    (0.25, 2.5),
    (0.50, 5.0),
    (0.75, 7.5),
    (0.90, 9.0),
    (0.99, 10.0),
)
"""Which share of the images lies below, and the value that this is worth."""
_FEWEST = 2
_TOP = 10.0


class MetricCalibration(Record):
    """The anchors of one metric."""

    name: ShortName
    tier: Tier
    version: Version
    weights_sha256: Digest | None = None
    """The weights that measured; anchors of other weights do not fit."""
    images: Annotated[int, Field(ge=1)]
    """How many measurements they were made from."""
    anchors: Anchors


class Calibration(Record):
    """One calibration file."""

    document: Literal["darkroom.calibration/1"] = Field(
        default="darkroom.calibration/1", alias="schema"
    )
    id: ShortName
    at: Text
    """When it was made, UTC."""
    tier: Tier
    method: Literal["quantiles"] = "quantiles"
    images: Annotated[int, Field(ge=1)]
    metrics: Annotated[tuple[MetricCalibration, ...], Field(strict=False, min_length=1)]


@dataclass(frozen=True)
class Unfit:
    """A metric that could not be calibrated, and why."""

    metric: str
    reason: str


def calibrate(
    spec: MetricSpec, raws: Sequence[float], weights_sha256: str | None, fewest: int
) -> MetricCalibration | Unfit:
    """Anchors from the measurements of one metric over many images."""
    if len(raws) < fewest:
        return Unfit(spec.name, f"only {len(raws)} images have a value; {fewest} are needed")
    anchors = _anchors(spec, sorted(raws))
    if len(anchors) < _FEWEST or not runs(anchors, spec.direction):
        return Unfit(spec.name, "the images hardly differ in it")
    return MetricCalibration(
        name=spec.name,
        tier=spec.tier,
        version=spec.version,
        weights_sha256=weights_sha256,
        images=len(raws),
        anchors=anchors,
    )


def _anchors(spec: MetricSpec, raws: Sequence[float]) -> tuple[tuple[float, float], ...]:
    if spec.direction == "peak":
        return _around_a_peak(spec, raws)
    if spec.direction == "higher":
        return _merged((quantile(raws, share), value) for share, value in POINTS)
    return _merged((quantile(raws, 1 - share), value) for share, value in POINTS)


def _around_a_peak(spec: MetricSpec, raws: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Where the peak lies is the metric's; how much an image falls short of it is ranked."""
    worth = sorted(normalised(raw, spec.normalisation) for raw in raws)
    ranks = _merged((quantile(worth, share), value) for share, value in POINTS)
    if len(ranks) < _FEWEST:
        return ()
    rank = Normalisation(calibration="ranks", anchors=ranks)
    places = {raw for raw, _ in spec.normalisation.anchors}
    places |= {quantile(raws, share) for share, _ in POINTS}
    return tuple(
        (raw, normalised(normalised(raw, spec.normalisation), rank)) for raw in sorted(places)
    )


def _merged(points: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """One anchor per raw value; where many images share one, it is worth their mean."""
    found: dict[float, list[float]] = {}
    for raw, value in points:
        found.setdefault(raw, []).append(value)
    return tuple((raw, sum(values) / len(values)) for raw, values in sorted(found.items()))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of the ordered ones lies, between two by their distance."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    part = place - below
    return ordered[below] * (1 - part) + ordered[above] * part


def apply(calibration: Calibration, table: MetricTable) -> MetricTable:
    """The table with the calibration's anchors where it has some; others stay as shipped."""
    known = {(each.tier, each.name, each.version): each for each in calibration.metrics}
    specs = (_with(spec, known, calibration.id) for spec in table.metrics)
    return table.model_copy(update={"metrics": tuple(specs)})


def _with(
    spec: MetricSpec, known: Mapping[tuple[str, str, str], MetricCalibration], name: str
) -> MetricSpec:
    found = known.get((spec.tier, spec.name, spec.version))
    if found is None or not runs(found.anchors, spec.direction):
        return spec
    how = Normalisation(calibration=name, anchors=found.anchors)
    return spec.model_copy(update={"normalisation": how})


def renormalised(score: Score, table: MetricTable) -> Score:
    """The same measurement under the table's calibration; unknown metrics stay as they are."""
    spec = spec_of(score, table)
    if spec is None or score.raw is None:
        return score
    changes = {
        "normalised": min(_TOP, normalised(score.raw, spec.normalisation)),
        "calibration": spec.normalisation.calibration,
    }
    return score.model_copy(update=changes)


def spec_of(score: Score, table: MetricTable) -> MetricSpec | None:
    """The row that a score was measured by; None where the version is another one."""
    if score.tier == "unknown":
        return None
    spec = table.find(score.metric, score.tier)
    return spec if spec is not None and spec.version == score.version else None
