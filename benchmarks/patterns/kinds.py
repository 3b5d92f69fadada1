"""Kinds of worlds: without a pattern, and with planted ones, as laboratories really come.

Owns what is measured beside the even worlds of `planted`: parameters that go together or
stay the same through a run, runs of unequal size, runs, days, times and seeds that fail more
by themselves, few images, one model, hundreds of values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.patterns.planted import PLANTED, SIZES, Plan, warehouse
from darkroom.archive.patterns.analysing import analyse
from darkroom.archive.patterns.reading import Scope
from darkroom.core.patterns import Limits, Pattern, by_axis
from darkroom.core.significance import Tally, wilson

_ALONE = {name: size for name, size in SIZES.items() if name != "model"}
_WIDE = {f"parameter{at:02d}": 200 if at % 3 == 0 else 4 for at in range(30)}
_SESSION = ("model", "Outfit", "Place", "Light", "Age")
"""What people leave as it is through a run."""

WITHOUT: Mapping[str, Plan] = {
    "even": Plan(3_000, 0, 0.4, planted=()),
    "few images": Plan(150, 0, 0.4, planted=()),
    "one model": Plan(1_500, 0, 0.3, planted=(), sizes=_ALONE),
    "parameters that go together": Plan(
        3_000,
        0,
        0.3,
        planted=(),
        follows={"Pose": "Expression", "Light": "Place", "Hair": "Outfit"},
    ),
    "runs of unequal size": Plan(3_000, 0, 0.3, planted=(), uneven_runs=1.5, unlike_runs=0.25),
    "one bad run": Plan(1_500, 0, 0.08, planted=(), bad_run=0.15),
    "a few bad runs, parameters fixed in runs": Plan(
        2_000, 0, 0.1, planted=(), bad_runs=6, fixed=_SESSION, per_run=40
    ),
    "a rate that drifts": Plan(3_000, 0, 0.4, planted=(), drift=0.7),
    "a rate that drifts, parameters fixed in runs": Plan(
        3_000, 0, 0.4, planted=(), drift=0.7, fixed=_SESSION
    ),
    "runs that differ": Plan(4_000, 0, 0.3, planted=(), unlike_runs=0.25),
    "runs that differ, parameters fixed in runs": Plan(
        3_000, 0, 0.3, planted=(), unlike_runs=0.3, fixed=_SESSION
    ),
    "the same, few runs": Plan(
        800, 0, 0.3, planted=(), unlike_runs=0.35, fixed=_SESSION, per_run=40
    ),
    "days that differ": Plan(3_000, 0, 0.3, planted=(), unlike_runs=0.22, per_day=8),
    "a few bad days": Plan(3_000, 0, 0.1, planted=(), bad_runs=3, per_day=8),
    "one bad day": Plan(3_000, 0, 0.1, planted=(), bad_runs=1, per_day=8),
    "seeds that repeat": Plan(
        3_000, 0, 0.3, planted=(), seeds=12, sizes={"model": 3, "Pose": 4, "Light": 4, "Age": 3}
    ),
    "prompts": Plan(2_000, 0, 0.4, planted=(), prompts={"cross": 0.4, "red ball": 0.4}),
    "30 parameters, up to 200 values": Plan(3_000, 0, 0.3, planted=(), sizes=_WIDE),
}
"""Nothing here is a pattern: whatever is reported is false."""

_SINGLE = (({"Outfit": "kimono7"}, 0.8),)
_PAIR = (({"Expression": "angry3", "Pose": "profile5"}, 0.85),)
_TRIPLE = (({"model": "model2", "Age": "old1", "View": "above3"}, 0.95),)

WITH: Mapping[str, Plan] = {
    "one value": Plan(2_000, 0, planted=_SINGLE),
    "one pair": Plan(4_000, 0, planted=_PAIR),
    "one triple": Plan(4_000, 0, planted=_TRIPLE),
    "five at once": Plan(12_000, 0, planted=PLANTED),
    "a weak effect (0.72 where 0.35 fail)": Plan(
        4_000, 0, 0.35, planted=(({"Light": "neon1"}, 0.72),)
    ),
    "few images": Plan(400, 0, planted=_SINGLE),
    "a parameter that always goes with it": Plan(
        3_000,
        0,
        planted=_SINGLE,
        follows={"Copy": "Outfit"},
        follow_share=1.0,
        sizes={**SIZES, "Copy": 10},
    ),
    "a parameter that mostly goes with it": Plan(
        3_000, 0, planted=_SINGLE, follows={"Copy": "Outfit"}, sizes={**SIZES, "Copy": 10}
    ),
    "in one model only": Plan(4_000, 0, planted=(({"model": "model2", "Pose": "profile5"}, 0.85),)),
    "runs that differ": Plan(4_000, 0, 0.25, planted=(*_SINGLE, *_PAIR), unlike_runs=0.15),
    "runs of unequal size": Plan(4_000, 0, planted=(*_SINGLE, *_PAIR), uneven_runs=1.5),
    "a rate that drifts": Plan(4_000, 0, 0.2, planted=(*_SINGLE, *_PAIR), drift=0.3),
    "parameters fixed in runs": Plan(4_000, 0, planted=_SINGLE, fixed=_SESSION),
    "parameters fixed in runs that differ": Plan(
        4_000, 0, planted=_SINGLE, fixed=_SESSION, unlike_runs=0.1
    ),
    "days that differ": Plan(4_000, 0, 0.2, planted=_SINGLE, unlike_runs=0.12, per_day=8),
    "a few bad days": Plan(4_000, 0, planted=_SINGLE, bad_runs=2, per_day=8),
    "runs of one image": Plan(2_000, 0, planted=_SINGLE, per_run=1),
    "seeds that repeat": Plan(
        3_000,
        0,
        0.15,
        planted=(({"Pose": "profile1", "Light": "neon1"}, 0.9),),
        seeds=40,
        sizes={"model": 3, "Pose": 4, "Light": 4, "Age": 3},
    ),
    "30 parameters, up to 200 values": Plan(
        6_000,
        0,
        planted=(({"parameter01": "parameter011", "parameter02": "parameter022"}, 0.85),),
        sizes=_WIDE,
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What was found in several worlds of one kind."""

    worlds: int
    planted: int
    found: int
    reported: int
    false: int
    worlds_with_false: int

    @property
    def recall(self) -> float:
        """The share of planted patterns that was reported."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def false_share(self) -> float:
        """The share of what was reported that nobody planted."""
        return self.false / self.reported if self.reported else 0.0


def looked_at(plan: Plan, seeds: Iterable[int]) -> Outcome:
    """Analyse one world per seed."""
    truth: list[dict[str, str]] = [dict(items) for items, _ in plan.planted]
    worlds = hits = reported = false = spoilt = 0
    for seed in seeds:
        found = _patterns(replace(plan, seed=seed))
        named = [[one.pattern, *map(by_axis, one.same_as)] for one in found]
        wrong = sum(not any(name in truth for name in names) for names in named)
        hits += sum(any(wanted in names for names in named) for wanted in truth)
        worlds, reported, false = worlds + 1, reported + len(found), false + wrong
        spoilt += wrong > 0
    return Outcome(worlds, worlds * len(truth), hits, reported, false, spoilt)


def _patterns(plan: Plan) -> tuple[Pattern, ...]:
    connection = warehouse(plan)
    try:
        return analyse(connection, Scope(), Limits()).report.patterns
    finally:
        connection.close()


def print_without(worlds: int) -> None:
    """How often something is reported where there is nothing, with the interval of that share."""
    print(f"no pattern planted, {worlds} worlds of each kind: worlds where something is reported")
    total = 0
    for name, plan in WITHOUT.items():
        seen = looked_at(plan, range(1_000, 1_000 + worlds))
        total += seen.worlds_with_false
        _print_share(name, seen.worlds_with_false, worlds)
    _print_share("all kinds", total, worlds * len(WITHOUT))


def _print_share(name: str, hits: int, worlds: int) -> None:
    interval = wilson(Tally(hits, worlds))
    print(
        f"  {name:46} {hits:3} of {worlds} ({interval.low:.1%} to {interval.high:.1%})", flush=True
    )


def print_with(worlds: int) -> None:
    """Recall and false discoveries per kind."""
    print(f"planted, {worlds} worlds of each kind: recall (bar 0.90), false (bar 0.05)")
    seen: list[Any] = []
    for name, plan in WITH.items():
        one = looked_at(plan, range(worlds))
        seen.append(one)
        print(f"  {name:46} recall {one.recall:.2f}, false {one.false_share:.3f}", flush=True)
    recall = sum(one.found for one in seen) / sum(one.planted for one in seen)
    false = sum(one.false for one in seen) / max(sum(one.reported for one in seen), 1)
    print(f"  {'all kinds':46} recall {recall:.2f}, false {false:.3f}")
