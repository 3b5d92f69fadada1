"""Which points of a search space to try next, by Optuna.

Owns the translation between our records and Optuna's. Keeps nothing: the study is made
anew from what is known, each time, so a restart loses nothing and two machines that
know the same ask for the same. Optuna is imported inside the functions only.
"""

import hashlib
import importlib.util
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import UsageError
from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.space import Choice, Dimension, Goal, Point, Range, Space, Told

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.samplers import BaseSampler

    _Distribution: TypeAlias = CategoricalDistribution | FloatDistribution | IntDistribution

SamplerName: TypeAlias = Literal["tpe", "gp", "random"]

_STARTUP = 10
"""So many points are drawn by chance before a model of them means anything."""
_TRIES = 40
"""Draws per point wanted; then chance looks for one that is left."""
_GOALS: dict[Goal, Literal["minimize", "maximize"]] = {
    "maximise": "maximize",
    "minimise": "minimize",
}
_SEARCHED = 50_000
_CHANCES = 2_000


def anywhere(_point: Point) -> bool:
    """Allow every point."""
    return True


def propose(
    space: Space,
    told: Sequence[Told],
    count: int,
    seed: int,
    sampler: SamplerName,
    allowed: Callable[[Point], bool] = anywhere,
) -> tuple[Point, ...]:
    """Return up to `count` points that nobody has tried; fewer when no more are left.

    The same arguments give the same points, in whatever order the known ones come.
    """
    known = _in_order(space, told)
    taken = {canonical_json(one.point) for one in known}
    search = _Search(space, allowed, taken)
    draws = Random(_digest(seed, known))
    study = _study(space, known, _sampler(sampler, space, draws.getrandbits(31)))
    found: list[Point] = []
    while len(found) < count:
        point = _asked(study, search) or search.any_left(draws)
        if point is None:
            break
        search.taken.add(canonical_json(point))
        found.append(point)
    return tuple(found)


def _in_order(space: Space, told: Sequence[Told]) -> list[Told]:
    """What is of this space, by digest: no order of listing or of values counts."""
    kept = [(space.settled(one.point), one.values) for one in told]
    inside = [Told(point, _finite(values)) for point, values in kept if point is not None]
    return sorted(inside, key=lambda one: hashlib.sha256(canonical_json(one.point)).digest())


def _finite(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    is_known = values is not None and all(value - value == 0 for value in values)
    return values if is_known else None


def _digest(seed: int, known: Iterable[Told]) -> int:
    parts = [[dict(one.point), one.values] for one in known]
    return int.from_bytes(hashlib.sha256(canonical_json([seed, parts])).digest()[:8])


@dataclass
class _Search:
    space: Space
    allowed: Callable[[Point], bool]
    taken: set[bytes] = field(default_factory=set[bytes])

    def is_new(self, point: Point) -> bool:
        return canonical_json(point) not in self.taken and self.allowed(point)

    def any_left(self, draws: Random) -> Point | None:
        """A point by chance, where the model brings up none; None where there is none left."""
        size = self.space.size()
        if size is not None and size <= _SEARCHED:
            left = [point for point in self.space.points() if self.is_new(point)]
            return draws.choice(left) if left else None
        drawn = (_by_chance(self.space, draws) for _ in range(_CHANCES))
        return next((point for point in drawn if self.is_new(point)), None)


def _by_chance(space: Space, draws: Random) -> Point:
    point: dict[str, Scalar] = {}
    for dimension in space.dimensions:
        if not space.counts(dimension, point):
            continue
        if isinstance(dimension, Choice):
            point[dimension.name] = draws.choice(dimension.values)
            continue
        low, high, share = dimension.low, dimension.high, draws.random()
        drawn = low * (high / low) ** share if dimension.log else low + share * (high - low)
        point[dimension.name] = dimension.settle(drawn)
    return point


def _asked(study: "Study", search: _Search) -> Point | None:
    """Draw until a point is new and allowed; it stays with the study as one under way."""
    from optuna.trial import TrialState

    for _ in range(_TRIES):
        trial = study.ask()
        point = _drawn(trial, search.space)
        if search.is_new(point):
            return point
        study.tell(trial, state=TrialState.FAIL)
    return None


def _drawn(trial: "Trial", space: Space) -> Point:
    point: dict[str, Scalar] = {}
    for dimension in space.dimensions:
        if space.counts(dimension, point):
            point[dimension.name] = _suggested(trial, dimension)
    return point


def _suggested(trial: "Trial", dimension: Dimension) -> Scalar:
    """Let Optuna choose, then say what it means; a choice is known to it by its place."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    name = dimension.name
    drawn: float
    match _distribution(dimension):
        case IntDistribution(low=low, high=high, step=step, log=log):
            drawn = trial.suggest_int(name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, step=step, log=log):
            drawn = trial.suggest_float(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            drawn = choices.index(trial.suggest_categorical(name, choices))
    is_place = isinstance(dimension, Choice)
    return dimension.values[int(drawn)] if is_place else dimension.settle(drawn)


def _distribution(dimension: Dimension) -> "_Distribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match dimension:
        case Choice() if dimension.is_ordered:
            return IntDistribution(0, len(dimension.values) - 1)
        case Choice():
            return CategoricalDistribution(range(len(dimension.values)))
        case Range() if dimension.whole:
            step, top = int(dimension.stride or 1), int(dimension.top)
            return IntDistribution(int(dimension.low), top, log=dimension.log, step=step)
        case Range():
            low, top = float(dimension.low), float(dimension.top)
            return FloatDistribution(low, top, log=dimension.log, step=dimension.step)


def _study(space: Space, known: Sequence[Told], sampler: "BaseSampler") -> "Study":
    """Make the study that would have seen what is known."""
    import optuna
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    study = optuna.create_study(sampler=sampler, directions=[_GOALS[g] for g in space.goals])
    by_name = {dimension.name: dimension for dimension in space.dimensions}
    for one in known:
        chosen = {name: by_name[name] for name in one.point}
        is_known = one.values is not None and len(one.values) == len(space.goals)
        trial = create_trial(
            # what failed is avoided as what is under way is: it counts among the bad ones
            state=TrialState.COMPLETE if is_known else TrialState.RUNNING,
            values=one.values if is_known else None,
            params={name: _internal(told, one.point[name]) for name, told in chosen.items()},
            distributions={name: _distribution(told) for name, told in chosen.items()},
        )
        study.add_trial(trial)
    return study


def _internal(dimension: Dimension, value: Scalar) -> Scalar:
    """How Optuna knows a value: a choice by its place, since to it true and 1 are the same."""
    place = dimension.place_of(value) if isinstance(dimension, Choice) else None
    return value if place is None else place


def _sampler(name: SamplerName, space: Space, seed: int) -> "BaseSampler":
    from optuna import samplers
    from optuna.exceptions import ExperimentalWarning

    match name:
        case "random":
            return samplers.RandomSampler(seed=seed)
        case "gp":
            if missing := lacking(name):
                raise UsageError("optimiser-needs-torch", missing)
            return samplers.GPSampler(
                seed=seed, n_startup_trials=_STARTUP, warn_independent_sampling=False
            )
        case "tpe":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return samplers.TPESampler(
                    seed=seed,
                    n_startup_trials=_STARTUP,
                    multivariate=True,
                    group=bool(space.conditions),
                    constant_liar=True,
                )


def lacking(sampler: SamplerName) -> str | None:
    """What a sampler needs and this machine has not, in words."""
    if sampler != "gp" or importlib.util.find_spec("torch") is not None:
        return None
    return "the sampler `gp` needs torch, which is not installed here"
