"""What metrics there are: the rows of defaults/metrics.yaml, held against their model.

Owns the shape of a row and the identity of a metric. A metric is data here, never a
branch; which code measures it belongs to the scorers. The same metric in two tiers
is two rows, and their values are never mixed.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, cast

from pydantic import Field, StringConstraints

from darkroom.core.config.checking import checked
from darkroom.core.config.faults import Fault
from darkroom.core.config.fields import Record, ShortName, Text
from darkroom.core.config.tree import Node
from darkroom.core.errors import Problem
from darkroom.core.scoring.normalise import Direction, Normalisation, runs
from darkroom.core.sidecar.fields import FileName
from darkroom.core.sidecar.judging import Dimension

Tier = Literal["lite", "onnx", "torch"]
TIERS: tuple[Tier, ...] = ("lite", "onnx", "torch")
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
_SHOWN_DIGITS = 16


class RawRange(Record):
    """The raw values a metric can give at all; a bound left out is none."""

    low: float | None = None
    high: float | None = None

    def holds(self, raw: float) -> bool:
        """Whether a raw value can be right; NaN and infinities never are."""
        is_above = self.low is None or raw >= self.low
        is_below = self.high is None or raw <= self.high
        return is_above and is_below and math.isfinite(raw)


class WeightFile(Record):
    """One file or folder in the weights folder."""

    file: FileName
    """Where it belongs, relative to the weights folder."""
    sha256: Digest | None = None
    """Null where no trustworthy digest was known: it is checked on first listing."""
    licence: Text
    """Under which terms the weights may be used."""


class MetricSpec(Record):
    """One metric in one tier."""

    name: ShortName
    """What scores, sidecars and tables call it."""
    model: ShortName
    """What the code that measures it calls it."""
    version: Version
    """Raised whenever the same picture would get another raw value."""
    tier: Tier
    """Never mixed: values of two tiers are not comparable."""
    dimension: Dimension
    """Which of the four dimensions it says something about."""
    counts: bool = True
    """Whether it enters the composite; one that does not is shown only."""
    finding: Text | None = None
    """The fault this metric names, for those that do."""
    direction: Direction
    """Which raw values are good."""
    unit: Text
    """What the raw value is measured in."""
    range: RawRange
    """Raw values outside cannot be right and become null."""
    min_side: int = Field(default=96, ge=1, le=4096)
    """Pictures whose shorter side has fewer pixels are not measured."""
    long_side: int | None = Field(default=None, ge=64, le=8192)
    """Larger pictures are first scaled down to this; part of the identity."""
    needs_prompt: bool = False
    """Whether it measures the picture against its prompt."""
    weight_file: FileName | None = None
    """The file or folder of its weights; null for none."""
    sha256: Digest | None = None
    """Its digest; null where none is known: it is checked on first listing."""
    backbone: WeightFile | None = None
    """A second file it needs, usually a shared encoder."""
    licence: Text
    """Of code and weights together, the stricter one first."""
    normalisation: Normalisation
    """From raw to 0-10."""


class MetricTable(Record):
    """The whole of metrics.yaml."""

    metrics: Annotated[tuple[MetricSpec, ...], Field(strict=False, min_length=1, max_length=200)]

    def in_tier(self, tier: Tier) -> tuple[MetricSpec, ...]:
        """The metrics of one tier, in file order."""
        return tuple(spec for spec in self.metrics if spec.tier == tier)

    def find(self, name: str, tier: Tier) -> MetricSpec | None:
        """One metric of one tier, or None."""
        return next((spec for spec in self.in_tier(tier) if spec.name == name), None)


def parsed(tree: Node) -> tuple[MetricTable | None, tuple[Problem, ...]]:
    """The table a document holds, or every mistake in it."""
    return checked(MetricTable, tree, _contradictions)


def identity(spec: MetricSpec, weights_sha256: str | None) -> str:
    """What must be equal for two raw values to be comparable, as one short text."""
    cap = f"@{spec.long_side}" if spec.long_side is not None else ""
    weights = f"+{weights_sha256[:_SHOWN_DIGITS]}" if weights_sha256 is not None else ""
    return f"{spec.tier}:{spec.name}-{spec.version}{cap}{weights}"


def _contradictions(document: object) -> Iterator[Fault]:
    seen: set[tuple[object, object]] = set()
    for index, row in enumerate(_rows(document)):
        key = (row.get("tier"), row.get("name"))
        if key in seen:
            yield Fault(("metrics", index, "name"), f"{key[1]} stands in tier {key[0]} already")
        seen.add(key)
        for path, message in _of_row(row):
            yield Fault(("metrics", index, *path), message)


def _of_row(row: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    anchors, direction = _anchors(row), row.get("direction")
    is_known = direction in ("higher", "lower", "peak")
    if is_known and len(anchors) > 1 and not runs(anchors, direction):
        yield ("normalisation", "anchors"), f"do not run as direction {direction} says"
    limits = _mapping(row.get("range"))
    low, high = limits.get("low"), limits.get("high")
    if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
        yield ("range",), "low is not below high"
    if row.get("sha256") is not None and row.get("weight_file") is None:
        yield ("sha256",), "belongs to a weight_file, and there is none"
    if row.get("finding") is not None and row.get("counts") is not False:
        yield ("finding",), "names a fault; write counts: false, as it is shown only"


def _anchors(row: Mapping[str, object]) -> list[tuple[float, float]]:
    """The anchors where they are pairs of numbers; others are a mistake of shape."""
    found = _mapping(row.get("normalisation")).get("anchors")
    pairs = cast("Iterable[object]", found) if isinstance(found, list) else ()
    points: list[tuple[float, float]] = []
    for pair in pairs:
        match pair:
            case [int() | float() as raw, int() | float() as out_of_ten]:
                points.append((raw, out_of_ten))
            case _:
                pass
    return points


def _rows(document: object) -> Iterator[Mapping[str, object]]:
    rows = _mapping(document).get("metrics")
    for row in cast("Iterable[object]", rows) if isinstance(rows, list) else ():
        yield _mapping(row)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
