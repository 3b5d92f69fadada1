"""Warehouses with failures planted in them, and warehouses without any, for tests and figures.

Owns the truth: which combinations fail, at which rate. Axes are drawn evenly and apart from
each other, in runs of about 25 images, unless a plan says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from darkroom.adapters.warehouse.building import create

SIZES: Mapping[str, int] = {
    "model": 4,
    "Expression": 8,
    "Pose": 8,
    "Outfit": 10,
    "Place": 10,
    "Light": 6,
    "Hair": 8,
    "Age": 4,
    "View": 5,
}
PLANTED: tuple[tuple[Mapping[str, str], float], ...] = (
    ({"Expression": "angry3", "Pose": "profile5"}, 0.85),
    ({"Outfit": "kimono7"}, 0.80),
    ({"Place": "space1", "Outfit": "armour2"}, 0.78),
    ({"Light": "neon1", "Hair": "braids2"}, 0.90),
    ({"model": "model2", "Age": "old1", "View": "above3"}, 0.95),
)
_NAMES = {
    "model": "model",
    "Expression": "angry",
    "Pose": "profile",
    "Outfit": "armour",
    "Place": "space",
    "Light": "neon",
    "Hair": "braids",
    "Age": "old",
    "View": "above",
}
_CATEGORY = "malformed"
_USUAL = 0.8


@dataclass(frozen=True)
class Plan:
    """What to make."""

    images: int
    seed: int
    base: float = 0.12
    planted: tuple[tuple[Mapping[str, str], float], ...] = PLANTED
    unlike_runs: float = 0.0
    """How much the base rate varies from run to run (standard deviation)."""
    per_run: int = 25
    prompts: Mapping[str, float] = field(default_factory=dict[str, float])
    """Phrases that stand in one of eight prompts each, and how often such images fail."""
    sizes: Mapping[str, int] = field(default_factory=lambda: dict(SIZES))
    """How many values each axis has."""
    fixed: tuple[str, ...] = ()
    """Axes that keep one value through a run."""
    follows: Mapping[str, str] = field(default_factory=dict[str, str])
    """Axes that follow another one, in `follow_share` of the images."""
    follow_share: float = 0.9
    uneven_runs: float = 0.0
    """How unequal runs are in size (standard deviation of the logarithm)."""
    bad_run: float = 0.0
    """The share of images in one run that nearly always fails, and mostly has values of its own."""
    bad_runs: int = 0
    """So many runs nearly always fail, whatever they are asked for."""
    drift: float = 0.0
    """By how much the base rate rises from the first run to the last."""
    per_day: int = 0
    """So many runs follow each other in a day: mostly asked for the same, and alike in failing."""
    seeds: int = 0
    """So few seeds; what has the same seed and values comes out the same, and seeds differ."""


def value_name(axis: str, code: int) -> str:
    """How a value is called; one of them is known by its own name."""
    return "kimono7" if (axis, code) == ("Outfit", 7) else f"{_NAMES.get(axis, axis)}{code}"


def warehouse(plan: Plan) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with these images, every one of them judged."""
    connection = duckdb.connect()
    create(connection)
    images, variations, marks = _frames(plan)
    for table, frame in (("images", images), ("variations", variations), ("image_marks", marks)):
        described = connection.execute(f"DESCRIBE {table}").fetchall()
        kept = ", ".join(row[0] for row in described if row[0] in frame.columns)
        connection.register("given", frame)
        connection.execute(f"INSERT INTO {table} BY NAME SELECT {kept} FROM given")
        connection.unregister("given")
    return connection


def _frames(plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    chance = np.random.default_rng(plan.seed)
    count = plan.images
    runs = _runs(plan, chance)
    values = _values(plan, chance, runs)
    rates = _base_rates(plan, chance, runs)
    prompts, rates = _prompts(plan, chance, rates)
    if plan.seeds:
        prompts = np.broadcast_to("a photo", (count,))
    for wanted, rate in plan.planted:
        hit = np.all([values[axis] == value for axis, value in wanted.items()], axis=0)
        rates = np.where(hit, np.maximum(rates, rate), rates)
    seeds = chance.integers(0, plan.seeds or 2**40, count)
    if plan.seeds:
        rates = np.clip(rates + 0.25 * chance.standard_normal(plan.seeds)[seeds], 0.01, 0.99)
    failed = _luck(plan, chance, values, seeds) < rates
    names = np.array([f"p/working/run-{run:05d}/images/{at}.png" for at, run in enumerate(runs)])
    images = _images(names, runs, values.get("model"), prompts)
    return images.assign(seed=seeds), _variations(names, values), _marks(names, failed)


def _runs(plan: Plan, chance: Any) -> Any:
    many = max(3, plan.images // plan.per_run)
    shares = np.exp(plan.uneven_runs * chance.standard_normal(many))
    if plan.bad_run:
        shares = shares * (1 - plan.bad_run) / shares[1:].sum()
        shares[0] = plan.bad_run
    return np.sort(chance.choice(many, plan.images, p=shares / shares.sum()))


def _values(plan: Plan, chance: Any, runs: Any) -> dict[str, Any]:
    codes: dict[str, Any] = {}
    for axis, size in plan.sizes.items():
        drawn = chance.integers(0, size, plan.images)
        if axis in plan.fixed:
            drawn = chance.integers(0, size, int(runs.max()) + 1)[runs]
        if plan.per_day:
            is_usual = chance.random(plan.images) < _USUAL
            drawn = np.where(
                is_usual, chance.integers(0, size, plan.images)[_days(plan, runs)], drawn
            )
        if axis in plan.follows:
            is_led = chance.random(plan.images) < plan.follow_share
            drawn = np.where(is_led, codes[plan.follows[axis]] % size, drawn)
        if plan.bad_run:
            # a value hardly anybody else used
            drawn = np.where(runs == 0, size - 1, drawn)
            stray = chance.random(plan.images) < 0.9
            drawn = np.where((runs > 0) & (drawn == size - 1) & stray, 0, drawn)
        codes[axis] = drawn
    return {
        axis: np.array([value_name(axis, code) for code in range(plan.sizes[axis])], dtype=object)[
            drawn
        ]
        for axis, drawn in codes.items()
    }


def _days(plan: Plan, runs: Any) -> Any:
    """What is bad or unlike others as a whole: a run, or all runs of a day."""
    return runs // plan.per_day if plan.per_day else runs


def _base_rates(plan: Plan, chance: Any, runs: Any) -> Any:
    runs = _days(plan, runs)
    many = int(runs.max()) + 1
    by_run = plan.base + plan.drift * (np.arange(many) / max(many - 1, 1) - 0.5)
    by_run = np.clip(by_run + plan.unlike_runs * chance.standard_normal(many), 0.01, 0.99)
    if plan.bad_run:
        by_run[0] = 0.9
    by_run[chance.choice(many, min(plan.bad_runs, many), replace=False)] = 0.9
    return by_run[runs]


def _luck(plan: Plan, chance: Any, values: Mapping[str, Any], seeds: Any) -> Any:
    """A number from 0 to 1 for each image; the same for the same seed and values."""
    drawn = chance.random(plan.images)
    if not plan.seeds:
        return drawn
    alike = pd.DataFrame({**values, "seed": seeds}).groupby([*values, "seed"]).ngroup().to_numpy()
    return drawn[alike]


def _prompts(plan: Plan, chance: Any, rates: Any) -> tuple[Any, Any]:
    """Sentences of a few words; each given phrase stands in one of eight of them."""
    words = np.array(["harbour", "meadow", "castle", "forest", "tower", "bridge", "river", "cloud"])
    count = plan.images
    prompts = np.char.add(np.char.add("a photo of a ", words[chance.integers(0, 8, count)]), ", ")
    prompts = np.char.add(prompts, words[chance.integers(0, 8, count)])
    for phrase, rate in plan.prompts.items():
        has = chance.random(count) < 1 / 8
        prompts = np.where(has, np.char.add(prompts, f", a {phrase}"), prompts)
        rates = np.where(has, np.maximum(rates, rate), rates)
    return prompts, np.broadcast_to(rates, (count,))


def _images(names: Any, runs: Any, models: Any, prompts: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": names,
            "source": names,
            "form": "darkroom-1",
            "project": "p",
            "run_id": [f"run-{run:05d}" for run in runs],
            "run": [f"p/run-{run:05d}" for run in runs],
            "prompt": prompts,
            "negative_prompt": "",
            "model": models,
            "lora_count": 0,
            "criteria_met": 0,
            "criteria_count": 0,
            "is_test": False,
            "document": "{}",
        }
    )


def _variations(names: Any, values: Mapping[str, Any]) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame({"image": names, "source": names, "axis": axis, "value": drawn})
        for axis, drawn in values.items()
        if axis != "model"
    )


def _marks(names: Any, failed: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": names,
            "status": np.where(failed, "ko", "ok"),
            "failure_category": np.where(failed, _CATEGORY, None),
        }
    )
