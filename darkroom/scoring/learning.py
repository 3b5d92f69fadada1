"""Make calibrations from a laboratory's own images, and weights from a person's ratings.

Owns what is measured for it, the new file and its name, and putting it in use. Files are
written once; which one counts is `current.json`'s to say.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from darkroom.adapters.projects import project_names
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import UsageError
from darkroom.core.keys import UNNAMED_PROJECT
from darkroom.core.scoring.calibration import Calibration, MetricCalibration, Unfit, calibrate
from darkroom.core.scoring.composite import dimension_values
from darkroom.core.scoring.fitting import Fit, FitRequest, Pair, fit
from darkroom.core.scoring.metrics import Tier
from darkroom.core.sidecar import moment
from darkroom.core.sidecar.judging import Dimension, Score
from darkroom.scoring.configured import FittedWeights, Scoring, scoring_of
from darkroom.scoring.in_use import use, write_made
from darkroom.scoring.measuring import Bar, Runnable, measuring, no_bar, runnable
from darkroom.scoring.ratings import Rating, csv_ratings, stored_ratings
from darkroom.scoring.targets import Bad, Found, opened, places
from darkroom.writepath.opening import opened_desk

RESAMPLES = 1000


@dataclass(frozen=True)
class LearnRequest:
    """One call of `darkroom scores calibrate` or `fit`."""

    names: Sequence[str] = ()
    """Images, where no project is named."""
    project: str | None = None
    tier: Tier | None = None
    ratings: Sequence[Path] = ()
    """CSV files, for a fit."""
    is_used: bool = True


@dataclass(frozen=True)
class Calibrated:
    """A new calibration."""

    id: str
    file: str
    images: int
    metrics: tuple[MetricCalibration, ...]
    unfit: tuple[Unfit, ...]
    bad: dict[str, str] = field(default_factory=dict[str, str])
    """Images that could not be measured, and why."""


@dataclass(frozen=True)
class Learned:
    """New weights, and what they are worth."""

    file: str
    fit: Fit
    bad: dict[str, str]


def calibrate_scores(request: LearnRequest, bar: Bar = no_bar) -> Calibrated:
    """Measure images and make a calibration of what they show."""
    lab = open_lab()
    scoring = scoring_of(lab, request.project).with_tier(request.tier)
    able = runnable(scoring, scoring.tier)
    names = request.names or _places_of(request.project)
    with opened_desk(lab) as desk:
        found = _measured(names, desk.store, scoring, able, bar)
    rows, unfit = _calibrations(scoring, able, found)
    if not rows:
        raise UsageError("calibrate-too-few", f"{unfit[0].metric}: {unfit[0].reason}")
    now = datetime.now(UTC)
    made = Calibration(
        id=_name(scoring.tier, now),
        at=moment(now),
        tier=scoring.tier,
        images=len(found.scores),
        metrics=rows,
    )
    data = made.model_dump(mode="json", by_alias=True)
    path = write_made(scoring.folder, f"calibration-{made.id}.json", data)
    if request.is_used:
        use(scoring.folder, scoring.tier, calibration=made.id)
    return Calibrated(made.id, lab.shown(path), made.images, rows, unfit, found.bad)


def fit_scores(request: LearnRequest, bar: Bar = no_bar) -> Learned:
    """Fit the composite's weights to ratings."""
    lab = open_lab()
    scoring = scoring_of(lab, request.project).with_tier(request.tier)
    able = runnable(scoring, scoring.tier)
    with opened_desk(lab) as desk:
        ratings = _ratings(lab, desk.store, request)
        found = _measured([each.image for each in ratings], desk.store, scoring, able, bar)
    pairs = [
        Pair(each.image, _dimensions(found.scores[each.image], scoring), each.rating)
        for each in ratings
        if each.image in found.scores
    ]
    limits = scoring.settings.fit
    asked = FitRequest(
        pairs, scoring.weights, limits.min_pairs, limits.good_pairs, _draws(len(pairs))
    )
    now = datetime.now(UTC)
    made = fit(asked, _name(f"fit-{scoring.tier}", now))
    path = _write_weights(scoring, made, moment(now))
    if request.is_used:
        use(scoring.folder, scoring.tier, weights=made.weights.id)
    return Learned(lab.shown(path), made, found.bad)


def _places_of(project: str | None) -> list[str]:
    if project is None:
        raise UsageError("calibrate-nothing", "name images, folders, or a project")
    return [f"{project}/working"]


@dataclass
class _Measured:
    scores: dict[str, tuple[Score, ...]] = field(default_factory=dict[str, tuple[Score, ...]])
    """By how the image was named."""
    bad: dict[str, str] = field(default_factory=dict[str, str])


def _measured(
    names: Sequence[str], store: Store, scoring: Scoring, able: Runnable, bar: Bar
) -> _Measured:
    found = _Measured()
    meant = places(names, store)
    with bar("measuring", len(meant)) as advance, measuring(scoring, able.specs) as measure:

        def tell(_number: int, each: Found, scores: tuple[Score, ...]) -> None:
            if isinstance(each, Bad):
                found.bad[each.name] = each.reason
            else:
                found.scores[each.name] = scores
            advance(1)

        measure.found(opened(meant, store, None), tell)
    return found


def _calibrations(
    scoring: Scoring, able: Runnable, found: _Measured
) -> tuple[tuple[MetricCalibration, ...], tuple[Unfit, ...]]:
    fewest = scoring.settings.calibrate.min_images
    shipped = metric_table()
    made: list[MetricCalibration | Unfit] = []
    for spec in able.specs:
        raws = [
            score.raw
            for scores in found.scores.values()
            for score in scores
            if score.metric == spec.name and score.raw is not None
        ]
        # where a peak lies is the shipped row's to say, not an earlier calibration's
        own = shipped.find(spec.name, spec.tier) or spec
        made.append(calibrate(own, raws, able.digests[spec.name], fewest))
    rows = tuple(each for each in made if isinstance(each, MetricCalibration))
    return rows, tuple(each for each in made if isinstance(each, Unfit))


def _ratings(lab: Lab, store: Store, request: LearnRequest) -> list[Rating]:
    """What people said in the store, and above it the rows of the CSV files."""
    projects = [request.project] if request.project else [*project_names(lab), UNNAMED_PROJECT]
    found = {each.image: each for each in stored_ratings(store, projects)}
    for path in request.ratings:
        found |= {each.image: each for each in csv_ratings(path)}
    return list(found.values())


def _dimensions(scores: tuple[Score, ...], scoring: Scoring) -> dict[Dimension, float | None]:
    return dimension_values([score for score in scores if scoring.counts(score)])


def _draws(count: int) -> list[list[int]]:
    return [[secrets.randbelow(count) for _ in range(count)] for _ in range(RESAMPLES)]


def _name(kind: str, now: datetime) -> str:
    return f"{kind}-{now:%Y%m%d-%H%M%S}"


def _write_weights(scoring: Scoring, made: Fit, at: str) -> Path:
    report = asdict(made)
    report.pop("weights")
    told = FittedWeights(tier=scoring.tier, at=at, weights=made.weights, report=report)
    name = f"weights-{made.weights.id}.json"
    return write_made(scoring.folder, name, told.model_dump(mode="json", by_alias=True))
