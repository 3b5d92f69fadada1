"""Warehouses with failures planted in them, and warehouses without any, for tests and figures.

Owns the truth: which combinations fail, at which rate. Axes are drawn evenly and apart from
each other, in runs of about 25 images.
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


def value_name(axis: str, code: int) -> str:
    """How a value is called; one of them is known by its own name."""
    return "kimono7" if (axis, code) == ("Outfit", 7) else f"{_NAMES[axis]}{code}"


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
    codes = {axis: chance.integers(0, size, count) for axis, size in SIZES.items()}
    values = {
        axis: np.array([value_name(axis, code) for code in range(SIZES[axis])], dtype=object)[drawn]
        for axis, drawn in codes.items()
    }
    runs = np.sort(chance.integers(0, max(3, count // plan.per_run), count))
    rates = np.full(count, plan.base)
    if plan.unlike_runs:
        shifts = plan.unlike_runs * chance.standard_normal(int(runs.max()) + 1)
        rates = np.clip(rates + shifts[runs], 0.01, 0.99)
    prompts, rates = _prompts(plan, chance, rates)
    for wanted, rate in plan.planted:
        hit = np.all([values[axis] == value for axis, value in wanted.items()], axis=0)
        rates = np.where(hit, np.maximum(rates, rate), rates)
    failed = chance.random(count) < rates
    names = np.array([f"p/working/run-{run}/images/{at}.png" for at, run in enumerate(runs)])
    return (
        _images(names, runs, values["model"], prompts),
        _variations(names, values),
        _marks(names, failed),
    )


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
    return prompts, rates


def _images(names: Any, runs: Any, models: Any, prompts: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": names,
            "source": names,
            "form": "darkroom-1",
            "project": "p",
            "run_id": [f"run-{run}" for run in runs],
            "run": [f"p/run-{run}" for run in runs],
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
