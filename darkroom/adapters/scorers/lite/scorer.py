"""The scorer of the lite tier.

Owns the step from a metric's row to the number that it asks for, and the named
findings. Everything of one picture but its adherence comes from one pass; its time
is shared evenly among the metrics that used it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.scorers.lite.features import features
from darkroom.adapters.scorers.lite.head import Head, shipped_head
from darkroom.adapters.scorers.lite.world import ADHERENCE, adherence, unread, world_sha256
from darkroom.adapters.scorers.protocol import Picture, Pixels, capped, why_not
from darkroom.core.errors import UsageError
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

NAMED_FROM = 0.5
"""The strength from which a fault is named."""
_EDGES = "edge_density"


@dataclass(frozen=True)
class Finding:
    """A fault that a picture has."""

    name: str
    strength: float
    """From 0 to 1."""

    @property
    def is_named(self) -> bool:
        """Whether it is strong enough to be told."""
        return self.strength >= NAMED_FROM


def findings(picture: Picture, specs: Sequence[MetricSpec]) -> tuple[Finding, ...]:
    """The faults that the specs name, the strongest first; none where nothing can be measured."""
    naming = [spec for spec in specs if spec.tier == "lite" and spec.finding is not None]
    scores = LiteScorer(naming).score([picture])[0]
    found = [
        Finding(spec.finding, score.raw)
        for spec, score in zip(naming, scores, strict=True)
        if spec.finding is not None and score.raw is not None
    ]
    return tuple(sorted(found, key=lambda finding: -finding.strength))


class LiteScorer:
    """Measures pictures by the metrics of the tier lite; nothing is held between calls."""

    def __init__(self, specs: Sequence[MetricSpec]) -> None:
        self.specs = tuple(specs)
        self._head = shipped_head()
        known = {*self._head.findings, *self._head.estimates, _EDGES, ADHERENCE}
        for spec in self.specs:
            if (spec.finding or spec.model) not in known:
                message = f"no code of the lite tier measures {spec.model!r}"
                raise UsageError("models-unknown-metric", message, where=spec.name)

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture one score per spec, in the order of `specs`."""
        return [self._of(picture) for picture in pictures]

    def _of(self, picture: Picture) -> list[Score]:
        reasons = {spec.name: _why_not(spec, picture) for spec in self.specs}
        able = [spec for spec in self.specs if reasons[spec.name] is None]
        found: dict[str, Score] = {}
        for long_side in dict.fromkeys(spec.long_side for spec in able):
            group = [spec for spec in able if spec.long_side == long_side]
            found |= self._measured(group, picture, capped(picture.rgb, long_side))
        return [
            found.get(spec.name) or unmeasured(spec, reasons[spec.name] or "")
            for spec in self.specs
        ]

    def _measured(
        self, specs: Sequence[MetricSpec], picture: Picture, rgb: Pixels
    ) -> dict[str, Score]:
        """Scores by name, of metrics that look at the same pixels."""
        found = {
            spec.name: _adherence(spec, picture, rgb) for spec in specs if spec.model == ADHERENCE
        }
        others = [spec for spec in specs if spec.model != ADHERENCE]
        if others:
            begin = time.perf_counter()
            raws = _raws(self._head, rgb)
            ms = (time.perf_counter() - begin) * 1000 / len(others)
            for spec in others:
                digest = None if spec.model == _EDGES else self._head.sha256
                raw = raws[spec.finding or spec.model]
                found[spec.name] = measured(spec, raw, ms=ms, weights_sha256=digest)
        return found


def _why_not(spec: MetricSpec, picture: Picture) -> str | None:
    if why := why_not(spec, picture):
        return why
    return unread(picture.prompt or "") if spec.model == ADHERENCE else None


def _raws(head: Head, rgb: Pixels) -> Mapping[str, float]:
    """Everything one pass over the pixels gives, by the name of a finding or a model."""
    found = features(rgb)
    strengths = head.strengths(found.row)
    estimates = head.estimates_of(found.row, strengths)
    return {
        _EDGES: found.measures.edge_density,
        **dict(zip(head.findings, strengths.tolist(), strict=True)),
        **dict(zip(head.estimates, estimates.tolist(), strict=True)),
    }


def _adherence(spec: MetricSpec, picture: Picture, rgb: Pixels) -> Score:
    begin = time.perf_counter()
    raw = adherence(rgb, picture.prompt or "")
    ms = (time.perf_counter() - begin) * 1000
    return measured(spec, raw, ms=ms, weights_sha256=world_sha256())
