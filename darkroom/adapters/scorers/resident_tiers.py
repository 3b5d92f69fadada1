"""Which code measures which metric: the openings of all tiers, each tried only when needed.

Owns the grouping: metrics that share their work (the features of lite, one CLIP) are
one group, others stand alone, so that a fault in one is not a fault of its
neighbours. A group that cannot be opened gives null with the reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.adapters.scorers.protocol import Picture, Scorer
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.errors import DarkroomError
from darkroom.core.scoring.measuring import unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

CLIP_MODELS = ("laion_aesthetic", "clip_adherence")
"""The metrics that share one CLIP."""


@dataclass(frozen=True)
class Bench:
    """What scorers are opened with."""

    weights: Path
    device: str


@dataclass(frozen=True)
class Opening:
    """Metrics that are measured together, and how their scorer is had."""

    specs: tuple[MetricSpec, ...]
    open: Callable[[], "Opened"] = field(repr=False)

    @property
    def key(self) -> str:
        """What two openings must have in common to share a scorer."""
        return " ".join(spec.model_dump_json(exclude={"normalisation"}) for spec in self.specs)


class Opened:
    """The scores of those metrics that can be measured, and passing reasons for the others."""

    def __init__(
        self, specs: tuple[MetricSpec, ...], scorer: Scorer | None, missing: Mapping[str, str]
    ) -> None:
        self.specs = specs
        self._scorer = scorer
        self.missing = missing

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture one score per spec."""
        if self._scorer is None:
            return [self._completed([]) for _ in pictures]
        return [self._completed(scores) for scores in self._scorer.score(pictures)]

    def _completed(self, scores: list[Score]) -> list[Score]:
        left = iter(scores)
        return [
            unmeasured(spec, self.missing[spec.name]) if spec.name in self.missing else next(left)
            for spec in self.specs
        ]


def openings(specs: Sequence[MetricSpec], bench: Bench) -> list[Opening]:
    """All metrics in their groups."""
    return [
        Opening(group, lambda group=group: _opened(group, bench)) for group in _groups(tuple(specs))
    ]


def _groups(specs: tuple[MetricSpec, ...]) -> Iterator[tuple[MetricSpec, ...]]:
    yield from filter(None, [tuple(spec for spec in specs if spec.tier == "lite")])
    for tier in ("onnx", "torch"):
        of_tier = tuple(spec for spec in specs if spec.tier == tier)
        yield from filter(None, [tuple(spec for spec in of_tier if spec.model in CLIP_MODELS)])
        yield from ((spec,) for spec in of_tier if spec.model not in CLIP_MODELS)


def _opened(specs: tuple[MetricSpec, ...], bench: Bench) -> Opened:
    """The scorer of one group; what it lacks is a reason, not an error."""
    folder = WeightsFolder(bench.weights)
    missing = {spec.name: why for spec in specs if (why := folder.why_not(spec))}
    usable = tuple(spec for spec in specs if spec.name not in missing)
    if not usable:
        return Opened(specs, None, missing)
    try:
        return Opened(specs, _scorer(usable, bench), missing)
    except DarkroomError as error:
        why = f"{error.message} ({error.code}; {error.hint})"
        return Opened(specs, None, missing | {spec.name: why for spec in usable})


def _scorer(specs: tuple[MetricSpec, ...], bench: Bench) -> Scorer:
    # imported here: each tier only where it is used, torch above all
    match specs[0].tier:
        case "lite":
            from darkroom.adapters.scorers.lite.scorer import LiteScorer

            return LiteScorer(specs)
        case "onnx":
            from darkroom.adapters.scorers.onnx_scorer import open_onnx

            return open_onnx(specs, bench.weights, bench.device)
        case "torch":
            from darkroom.adapters.scorers.torch_scorer import open_torch

            return open_torch(specs, bench.weights, bench.device)
