"""`darkroom scores`: calibrations from own images, weights from own ratings, what is in use."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.project_creation import create_project
from darkroom.adapters.scorers.resident_images import ImageToScore
from darkroom.adapters.settings import open_lab
from darkroom.apps import cli
from darkroom.core.annotations import ImageTarget, Stamp, annotation_key, compose, serialise
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.ulids import ulid
from darkroom.scoring.configured import scoring_of
from tests.fakes.scored_by_table import Bench
from tests.fakes.stored_images import commit, png

DIMENSIONS = ("technical", "aesthetic", "prompt_adherence", "detail")


def draw(bench: Bench, images: dict[str, dict[str, float]]) -> None:
    """Have each image measure as its row says."""

    def raw(spec: MetricSpec, image: ImageToScore) -> float | None:
        return images.get(image.sha256, {}).get(spec.name)

    bench.raw = raw


@pytest.fixture
def folder(home: Path, bench: Bench) -> Path:
    """Sixty images whose technical value rises and whose detail does not."""
    chance = random.Random(5)
    images: dict[str, dict[str, float]] = {}
    place = home / "mine"
    place.mkdir()
    for number in range(60):
        data = png(number)
        (place / f"{number:02d}.png").write_bytes(data)
        images[sha256(data)] = {
            "lite_technical": number / 120,
            "lite_detail": chance.random(),
        }
    draw(bench, images)
    return place


def sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert cli.main(["scores", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out or "null")


def test_a_calibration_ranks_an_image_among_ones_own(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(capsys, "calibrate", "mine")
    assert made["images"] == 60
    assert {each["name"] for each in made["metrics"]} == {"lite_technical", "lite_detail"}
    assert any(each["reason"].startswith("only 0 images") for each in made["unfit"])
    assert cli.main(["score", "--json", "mine/45.png"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    technical = next(s for s in row["scores"] if s["metric"] == "lite_technical")
    assert technical["normalised"] == pytest.approx(7.6, abs=0.2)
    assert technical["calibration"] == made["id"]
    assert json.loads((home / made["file"]).read_text())["schema"] == "darkroom.calibration/1"


def test_a_calibration_not_used_changes_nothing_until_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(capsys, "calibrate", "mine", "--not-used")
    assert scoring_of(open_lab()).calibration is None
    assert said(capsys, "use", made["id"])["calibration"] == made["id"]
    assert scoring_of(open_lab()).calibration == made["id"]
    assert said(capsys, "use", "shipped")["calibration"] == "shipped"


def test_a_project_can_have_its_own(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    create_project(open_lab(), "first", "demo")
    images: dict[str, dict[str, float]] = {}
    for number in range(40):
        commit(home / "projects", number + 1, "first")
        images[sha256(png(number + 1))] = {"lite_technical": number / 40}
    draw(bench, images)
    made = said(capsys, "calibrate", "--project", "first")
    assert scoring_of(open_lab(), "first").calibration == made["id"]
    assert scoring_of(open_lab()).calibration is None
    assert made["file"].startswith("projects/first/config/scoring/")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["calibrate"], "calibrate-nothing"), (["calibrate", "one.png"], "calibrate-too-few")],
)
def test_too_little_to_calibrate_from_is_refused(
    folder: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: str,
) -> None:
    (home / "one.png").write_bytes(png(1))
    assert cli.main(["scores", *arguments]) == 2
    assert code in capsys.readouterr().err
    assert not (home / "scoring").exists()


def test_weights_are_fitted_to_the_ratings_of_a_file(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"mine/{number:02d}.png,{number / 60 * 10}" for number in range(60)]
    (home / "r.csv").write_text("\n".join(["path,rating", *rows, "mine/gone.png,5"]))
    made = said(capsys, "fit", "--ratings", "r.csv")
    found = made["fit"]
    assert found["pairs"] == 60
    assert found["weights"]["technical"] == pytest.approx(0.5)
    assert found["weights"]["aesthetic"] == 0.25
    held = found["held_out"]
    assert held["low"] <= held["value"] <= held["high"]
    assert held["value"] > 0.9
    assert found["is_weak"]
    assert "mine/gone.png" in made["bad"]
    assert scoring_of(open_lab()).weights.id == found["weights"]["id"]
    assert scoring_of(open_lab()).with_tier("torch").weights.id == "s3"


def test_weights_are_fitted_to_the_ratings_in_the_store(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    images: dict[str, dict[str, float]] = {}
    for number in range(1, 41):
        key = commit(home / "projects", number)
        images[sha256(png(number))] = {"lite_detail": number / 40}
        rate(home, key, number / 4, number)
    rate(home, commit(home / "projects", 41), None, 41)
    (
        home / "projects/generated/working/2026-01-01_00-00-00/human" / f"{ulid(99, 9)}.json"
    ).write_text("{")
    draw(bench, images)
    found = said(capsys, "fit")["fit"]
    assert found["pairs"] == 40
    assert found["dimensions"] == ["detail"]


def rate(home: Path, key: str, rating: float | None, number: int) -> None:
    target = ImageTarget(image=key)
    for place, value in enumerate((5.0, rating)):  # the later one counts
        name = ulid(1_700_000_000_000 + number * 10 + place, number)
        event = compose(Stamp(name, "2026-01-01T00:00:00.000000Z", "me"), target, {"rating": value})
        path = home / "projects" / annotation_key(target, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(serialise(event))


def test_too_few_ratings_fit_nothing(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "r.csv").write_text("path,rating\nmine/01.png,3\n")
    assert cli.main(["scores", "fit", "--ratings", "r.csv"]) == 2
    assert "fit-too-few" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,stars\na.png,3\n", "lacks the column path and rating"),
        ("path,rating\na.png,11\nb.png,good\n,3\n", "not 'good'"),
        ("path,rating\na.png\n", "not None"),
    ],
)
def test_a_wrong_file_of_ratings_is_told_with_its_lines(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (home / "r.csv").write_text(text)
    assert cli.main(["scores", "fit", "--ratings", "r.csv"]) == 2
    assert said in capsys.readouterr().err


def test_what_is_in_use_is_shown_and_an_unknown_id_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(capsys, "calibrate", "mine")
    found = said(capsys, "show")
    assert (found["calibration"], found["weights"]) == (made["id"], "s3")
    assert [each["is_used"] for each in found["files"]] == [True]
    assert cli.main(["scores", "use", "nothing"]) == 2
    assert "scores-file-missing" in capsys.readouterr().err


def test_for_people_the_commands_print_tables(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scores", "calibrate", "mine", "mine/gone.png"]) == 0
    rows = [f"mine/{number:02d}.png,{number / 60 * 10}" for number in range(60)]
    (home / "r.csv").write_text("\n".join(["path,rating", *rows, "mine/gone.png,4"]))
    assert cli.main(["scores", "fit", "--ratings", "r.csv", "--not-used"]) == 0
    assert cli.main(["scores", "show"]) == 0
    assert cli.main(["scores", "use", "shipped"]) == 0
    said = capsys.readouterr()
    assert "95 % interval" in said.out
    assert "calibrated" in said.out
    assert "mine/gone.png" in said.err
    assert "wide interval" in said.err


def test_a_laboratory_changes_what_it_wants_and_keeps_the_rest(home: Path, bench: Bench) -> None:
    (home / "scoring").mkdir()
    (home / "scoring/scoring.yaml").write_text("provisional_below: 0.5\n")
    settings = scoring_of(open_lab()).settings
    assert settings.provisional_below == 0.5
    assert settings.weights.id == "s3"


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("scoring.yaml", "tier: best\n", "config-invalid"),
        ("current.json", '{"calibration": {"lite": "gone"}}', "scores-file-missing"),
        ("current.json", "{", "scores-file-damaged"),
        ("current.json", '{"weights": 3}', "scores-file-damaged"),
    ],
)
def test_wrong_files_are_told(
    home: Path,
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str,
    code: str,
) -> None:
    (home / "scoring").mkdir()
    (home / "scoring" / file).write_text(content)
    assert cli.main(["scores", "show"]) in {2, 4}
    assert code in capsys.readouterr().err


def test_ratings_of_a_csv_lie_beside_it_or_in_the_store(
    home: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    from darkroom.scoring.ratings import csv_ratings

    (home / "deep").mkdir()
    (home / "deep" / "a.png").write_bytes(png(1))
    text = "path,rating\na.png,1\ndemo/x.png,2\nNo Such.png,3\n"
    (home / "deep" / "r.csv").write_text(text)
    found = [each.image for each in csv_ratings(home / "deep" / "r.csv")]
    assert found == [str(home / "deep/a.png"), "demo/x.png", str(home / "deep/No Such.png")]
