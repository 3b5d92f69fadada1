"""Counts, rates, and which parameters go with good results."""

import random
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.settings import Lab
from darkroom.adapters.warehouse.building import create
from darkroom.adapters.warehouse.opening import reading, writing
from darkroom.archive.annotating import opened_annotator
from darkroom.archive.selecting import select
from darkroom.archive.statistics import (
    get_failure_rate_by_category,
    get_session_stats,
    get_stats,
)
from darkroom.archive.statistics_parameters import Effect, effects_in, parameter_effects
from darkroom.core.errors import UsageError
from tests.fakes import library
from tests.fakes.library import key_of, sidecar

RUN = f"demo/{library.RUN}"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = library.lab_in(
        tmp_path,
        sidecar(1, quality=library.quality(8.0, "A")),
        sidecar(2, quality=library.quality(4.0, "D")),
        *(sidecar(number) for number in range(3, 11)),
        sidecar(1, run="2026-11-22_00-00-00", is_test=True),
    )
    with opened_annotator(made, "ann") as annotator:
        annotator.update_image_rating(key_of(1), rating=8, is_liked=True)
        annotator.update_image_rating(key_of(2), rating=2, technical_quality="imperfect")
        annotator.update_image_failure([key_of(3), key_of(4)], "noise")
        annotator.update_image_failure(key_of(5), "malformed")
        annotator.set_on_images(key_of(6), {"status": "ko"})
        annotator.soft_delete_image(key_of(7))
    return made


def test_runs_are_counted_of_the_projects_and_runs_named(lab: Lab) -> None:
    assert get_stats(lab).runs["run_count"] == 2
    assert get_stats(lab, run=library.RUN).runs["run_count"] == 1
    assert get_stats(lab, run=[RUN], prompt="nowhere").runs["run_count"] == 1
    assert get_stats(lab, project="another").runs["run_count"] == 0


def test_stats_count_what_people_and_scorers_said(lab: Lab) -> None:
    found = get_stats(lab)
    expected = {
        "image_count": 9,
        "run_count": 1,
        "ok_count": 5,
        "ko_count": 4,
        "liked_count": 1,
        "imperfect_count": 1,
        "perfect_count": 0,
        "annotated_count": 6,
        "rated_count": 2,
        "mean_rating": 5.0,
        "scored_count": 2,
        "mean_quality": 6.0,
        "judged_count": 9,
        "accepted_count": 0,
    }
    assert {name: found.images[name] for name in expected} == expected
    assert found.images["failure_rate"] == pytest.approx(4 / 9)
    assert found.grades == [
        {"grade": "A", "image_count": 1},
        {"grade": "D", "image_count": 1},
    ]
    assert (found.runs["run_count"], found.runs["test_count"]) == (2, 1)


def test_failure_rates_are_of_all_images(lab: Lab) -> None:
    frame = get_failure_rate_by_category(lab)
    assert list(frame["failure_category"]) == ["noise", "malformed", "uncategorised"]
    assert list(frame["failure_rate"]) == pytest.approx([2 / 9, 1 / 9, 1 / 9])


def test_stats_of_a_selection_and_of_one_run(lab: Lab) -> None:
    assert get_stats(lab, min_rating=5).images["image_count"] == 1
    assert get_session_stats(lab, "2026-11-22_00-00-00").images["image_count"] == 1
    with pytest.raises(UsageError, match="no run with images"):
        get_session_stats(lab, "2020-01-01_00-00-00")


def test_an_empty_laboratory_has_stats_too(tmp_path: Path) -> None:
    lab = library.lab_in(tmp_path)
    assert get_stats(lab).images["image_count"] == 0
    assert parameter_effects(lab) == []


def planted(folder: Path, effect: float, seed: int) -> Path:
    """A warehouse of 2,000 images in 200 runs; the sampler `heun` adds the effect."""
    chance = random.Random(seed)
    path = folder / "planted.duckdb"
    rows: list[tuple[Any, ...]] = []
    for run in range(200):
        mood = chance.gauss(0, 1)
        model = chance.choice(["sdxl", "flux", "sd15"])
        for image in range(10):
            sampler = chance.choice(["euler", "heun", "dpmpp_2m"])
            score = 5 + mood + chance.gauss(0, 1) + (effect if sampler == "heun" else 0)
            rows.append(
                (f"k{run}/{image}", f"p/{run}", model, sampler, chance.uniform(1, 12), score)
            )
    with writing(path) as connection:
        create(connection)
        connection.execute(
            "INSERT INTO images BY NAME SELECT unnest($1) AS image, image AS source,"
            " 'darkroom-1' AS form, unnest($2) AS run, unnest($3) AS model,"
            " unnest($4) AS sampler, unnest($5) AS cfg, unnest($6) AS composite_score,"
            " '' AS prompt, '' AS negative_prompt, 0 AS lora_count, 0 AS criteria_met,"
            " 0 AS criteria_count, FALSE AS is_test, '{}' AS document",
            [list(column) for column in zip(*rows, strict=True)],
        )
    return path


def effects(path: Path, outcome: str = "quality") -> list[Effect]:
    connection = reading(path)
    try:
        return effects_in(connection, select({}), outcome)
    finally:
        connection.close()


def test_a_planted_effect_is_found_with_its_interval(tmp_path: Path) -> None:
    found = effects(planted(tmp_path, 0.8, seed=1))
    best = found[0]
    assert (best.parameter, best.value, best.is_clear) == ("sampler", "heun", True)
    assert best.low < 0.8 < best.high
    clear = {(effect.parameter, effect.value) for effect in found if effect.is_clear}
    assert clear == {("sampler", "heun"), ("sampler", "euler"), ("sampler", "dpmpp_2m")}
    assert {effect.parameter for effect in found} == {"sampler", "model", "cfg"}
    assert len([effect for effect in found if effect.parameter == "cfg"]) == 4


@pytest.mark.parametrize("seed", range(5))
def test_where_only_runs_differ_nothing_stands_out(tmp_path: Path, seed: int) -> None:
    assert not [effect for effect in effects(planted(tmp_path, 0.0, seed)) if effect.is_clear]


def test_an_outcome_nobody_gave_has_no_effects(tmp_path: Path) -> None:
    path = planted(tmp_path, 0.0, 1)
    assert effects(path, "rating") == []
    with pytest.raises(UsageError, match="no outcome 'beauty'"):
        effects(path, "beauty")
