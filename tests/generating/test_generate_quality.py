"""`darkroom generate` with scores: in the sidecar, retried until good enough, never twice."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from darkroom.apps import cli, console
from darkroom.apps.cli import generate
from darkroom.core.errors import OutsideError, StoreUnavailable
from darkroom.core.scoring.refinement import drawn_seed
from darkroom.generating.judging import Jury
from darkroom.writepath import commit
from tests.fakes.comfy_server import (
    ComfyServer,
    Job,
    end_badly,
    finish,
    png,
    running_server,
    start,
)
from tests.fakes.scored_by_table import Bench, install
from tests.fakes.workflows import FOLDER, document

WORKFLOW = ["--workflow", str(FOLDER / "api" / "sd15_txt2img.json")]
FAULTS = ("jagged_edges", "jpeg_blocks", "noise", "clipped_highlights", "soft", "edge_density")
NONE_OF_THEM = dict.fromkeys(FAULTS, 0.0)
LOW = {"lite_technical": 0.4, "lite_detail": 0.4, "shapeworld_adherence": 0.2} | NONE_OF_THEM
HIGH = {"lite_technical": 0.9, "lite_detail": 0.9, "shapeworld_adherence": 0.8} | NONE_OF_THEM


def paint(server: ComfyServer, job: Job) -> None:
    """Another picture for every other graph, as a real server draws."""
    nodes = sorted((node, content["inputs"]) for node, content in job.graph.items())
    drawn = [(n, k, v) for n, told in nodes for k, v in sorted(told.items()) if "prefix" not in k]
    digest = hashlib.sha256(json.dumps(drawn).encode()).digest()
    start(server, job)
    finish(server, job, png((digest[0], digest[1], digest[2])))


@pytest.fixture
def comfy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComfyServer]:
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        server.work = paint
        (tmp_path / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {url}\n")
        monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
        monkeypatch.chdir(tmp_path)
        yield server


@pytest.fixture(autouse=True)
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = install(monkeypatch)
    made.values = dict(LOW)
    return made


@pytest.fixture(autouse=True)
def _only_this_command(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    generate.register(app)
    monkeypatch.setattr(cli, "app", app)
    console.configure(as_json=False, verbose=False)


def run(*arguments: str) -> int:
    return cli.main(["generate", *WORKFLOW, "--prompt", "a red chair", *arguments])


def documents(folder: Path, pattern: str) -> list[dict[str, Any]]:
    found = sorted(folder.glob(f"projects/*/working/*/{pattern}"))
    return [json.loads(path.read_text()) for path in found]


def sidecars(folder: Path) -> list[dict[str, Any]]:
    return documents(folder, "images/*.json")


def becomes_good(bench: Bench, at: int) -> None:
    """The image that is measured so many is the first good one."""
    good: set[str] = set()

    def raw(spec: Any, image: Any) -> float | None:
        if len(bench.measured) >= at:
            good.add(image.sha256)
        return (HIGH if image.sha256 in good else LOW).get(spec.name)

    bench.raw = raw


def test_scores_go_into_the_sidecar_that_commits_the_image(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--quality-score", "--count", "3", "--seed", "1") == 0
    found = sidecars(tmp_path)
    assert [each["quality"]["grade"] for each in found] == ["D"] * 3
    quality = found[0]["quality"]
    assert quality["composite_score"] == pytest.approx((0.3 * 4 + 0.25 * 2 + 0.2 * 4) / 0.75)
    assert quality["technical"]["lite_technical"] == 4.0
    assert quality["coverage"] == 0.75
    assert {score["tier"] for score in quality["scores"]} == {"lite"}
    assert found[0]["refinement"] is None
    assert {prompt for _, prompt in bench.asked} == {"a red chair"}
    assert "grade D" in capsys.readouterr().out
    assert documents(tmp_path, "scores/*.json") == []


def test_an_image_drawn_before_anyone_asked_gets_a_document_beside_its_sidecar(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--seed", "1") == 0
    before = sidecars(tmp_path)
    for _ in range(2):
        assert run("--seed", "1", "--quality-score", "--json") == 0
    assert len(comfy.posts) == 1
    assert sidecars(tmp_path) == before
    (found,) = documents(tmp_path, "scores/*.json")
    assert found["grade"] == "D"
    said = capsys.readouterr().out
    assert '"is_fresh": false' in said
    assert '"grade": "D"' in said


def test_validation_elsewhere_than_on_the_engine_needs_clip_and_says_so(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--validate", "--seed", "1") == 0
    (found,) = sidecars(tmp_path)
    assert found["validation_score"] is None
    (score,) = found["quality"]["scores"]
    assert (score["metric"], score["tier"], score["reason"]) == (
        "clip_score",
        "torch",
        "not in the table",
    )
    assert found["quality"]["composite_score"] is None
    assert "no validation score: not in the table" in capsys.readouterr().err


def test_validation_is_the_cosine_of_prompt_and_picture(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.values |= {"clip_score": 0.31}
    assert run("--validate", "--quality-score", "--seed", "1") == 0
    (found,) = sidecars(tmp_path)
    assert found["validation_score"] == 0.31
    # the tier asked for makes the composite; the other only validates
    assert found["quality"]["grade"] == "D"
    assert "validation score: 0.310" in capsys.readouterr().out


def test_it_tries_again_until_an_image_is_good_enough(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    becomes_good(bench, 2)
    assert run("--quality-score", "--quality-threshold", "7.5", "--seed", "5", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["best"], len(told["attempts"])) == ("success", 2, 2)
    first, second = sidecars(tmp_path)
    assert first["refinement"]["status"] is None
    assert second["refinement"] == {
        "attempt": 2,
        "max_attempts": 3,
        "strategy": "progressive",
        "previous_scores": [pytest.approx(10 / 3)],
        "status": "success",
    }
    parameters = [(s["parameters"]["steps"], s["parameters"]["cfg"]) for s in (first, second)]
    assert parameters == [(30, 7.0), (50, 7.5)]
    assert [s["parameters"]["seed"] for s in (first, second)] == [5, drawn_seed(5, 2)]
    (series,) = documents(tmp_path, "refinement/*.json")
    assert (series["status"], series["best"]) == ("success", told["key"])


def test_with_the_attempts_spent_the_best_is_returned_and_the_exit_code_says_so(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def second_is_best(spec: Any, image: Any) -> float | None:
        return (
            LOW[spec.name] + 0.1 * (bench.measured.index(image.sha256) == 1)
            if spec.name in LOW
            else None
        )

    bench.raw = second_is_best
    command = ["--quality-threshold", "9", "--retry-strategy", "seed_search", "--output", "a.png"]
    assert run(*command) == 1
    said = capsys.readouterr()
    assert "quality-not-reached" in said.err
    assert "the best is 2" in said.err
    assert said.out.count("[OK] Image") == 1
    found = sidecars(tmp_path)
    assert [each["parameters"]["seed"] for each in found] == [42, 1337, 9999]
    assert found[-1]["refinement"]["status"] == "best_effort"
    assert len(found[-1]["refinement"]["previous_scores"]) == 2
    copied = json.loads((tmp_path / "a.png.json").read_text())
    assert copied["parameters"]["seed"] == 1337


def test_every_failure_leaves_a_document_to_learn_from(
    comfy: ComfyServer, tmp_path: Path, bench: Bench
) -> None:
    becomes_good(bench, 3)
    assert run("--quality-threshold", "7", "--seed", "2") == 0
    found = documents(tmp_path, "failures/*.json")
    assert [each["attempt"] for each in found] == [1, 2]
    one = found[0]
    assert one["schema"] == "darkroom.quality_failure/1"
    assert (one["prompt"], one["threshold"], one["strategy"]) == ("a red chair", 7.0, "progressive")
    assert one["weakest"] == "prompt_adherence"
    assert one["image"].endswith("images/iteration_001.png")
    assert one["scores"]


def test_the_same_command_goes_on_and_draws_nothing_twice(
    comfy: ComfyServer, tmp_path: Path, bench: Bench
) -> None:
    begun: list[Job] = []

    def dies_at_the_second(server: ComfyServer, job: Job) -> None:
        begun.append(job)
        if len(begun) == 2:
            raise_in_the_scorer()
        paint(server, job)

    def raise_in_the_scorer() -> None:
        def stops(_spec: Any, _image: Any) -> float:
            raise KeyboardInterrupt

        bench.raw = stops

    comfy.work = dies_at_the_second
    assert run("--quality-threshold", "9", "--seed", "3") == 130
    drawn = len(comfy.posts)
    comfy.work = paint
    bench.raw = lambda spec, _image: LOW.get(spec.name)
    assert run("--quality-threshold", "9", "--seed", "3") == 1
    asked = len(bench.asked)
    assert run("--quality-threshold", "9", "--seed", "3") == 1
    assert len(bench.asked) == asked
    assert len(comfy.posts) == 3
    assert drawn == 2
    found = sorted(sidecars(tmp_path), key=lambda each: each["refinement"]["attempt"])
    assert [each["refinement"]["attempt"] for each in found] == [1, 2, 3]
    assert [len(each["refinement"]["previous_scores"]) for each in found] == [0, 1, 2]
    assert len(documents(tmp_path, "failures/*.json")) == 3
    assert len(documents(tmp_path, "refinement/*.json")) == 1


def test_other_words_are_put_behind_the_prompt(comfy: ComfyServer, tmp_path: Path) -> None:
    assert run("--quality-threshold", "9", "--retry-strategy", "prompt_enhance", "--seed", "8") == 1
    found = sidecars(tmp_path)
    assert [each["input"]["prompt"] for each in found] == [
        "a red chair",
        "a red chair, highly detailed, sharp focus",
        "a red chair, masterpiece, best quality, 8K, ultra detailed",
    ]
    assert [each["parameters"]["steps"] for each in found] == [20, 20, 20]


def test_an_attempt_without_an_image_counts_and_the_series_goes_on(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[Job] = []

    def first_fails(server: ComfyServer, job: Job) -> None:
        begun.append(job)
        if len(begun) == 1:
            end_badly(server, job, "execution_error", node_id="3", exception_message="no")
        else:
            paint(server, job)

    comfy.work = first_fails
    bench.values = dict(HIGH)
    assert run("--quality-threshold", "7", "--seed", "3", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["attempts"][0]["failure"]
    assert told["best"] == 2
    (failure,) = documents(tmp_path, "failures/*.json")
    assert (failure["image"], failure["composite_score"]) == (None, None)


def test_memory_that_runs_out_is_freed_and_the_attempt_made_once_more(
    comfy: ComfyServer, tmp_path: Path, bench: Bench
) -> None:
    begun: list[Job] = []

    def once(server: ComfyServer, job: Job) -> None:
        begun.append(job)
        if len(begun) == 1:
            kind = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
            end_badly(server, job, "execution_error", node_id="3", **kind)
        else:
            paint(server, job)

    comfy.work = once
    bench.values = dict(HIGH)
    assert run("--quality-threshold", "7", "--seed", "3") == 0
    assert comfy.count("freed") == 1
    assert sidecars(tmp_path)[0]["refinement"]["attempt"] == 1


def test_no_image_at_all_is_an_error(
    comfy: ComfyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    comfy.work = lambda server, job: end_badly(server, job, "execution_error", node_id="3")
    assert run("--quality-threshold", "7", "--max-attempts", "2", "--seed", "3") == 3
    assert "generate-without-image" in capsys.readouterr().err


def test_an_image_that_cannot_be_scored_never_passes(
    comfy: ComfyServer, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.values = {}
    assert run("--quality-threshold", "0", "--max-attempts", "1", "--seed", "3") == 1
    assert "no attempt could be scored" in capsys.readouterr().err


def test_scorers_that_are_away_end_the_series_and_the_image_waits_for_them(
    comfy: ComfyServer, tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(_spec: Any, _image: Any) -> float:
        raise OutsideError("scoring-not-started", "the scoring process does not start")

    bench.raw = away
    assert run("--quality-threshold", "7", "--seed", "3") == 3
    assert "does not start" in capsys.readouterr().err
    assert sidecars(tmp_path) == []
    bench.raw = lambda spec, _image: HIGH.get(spec.name)
    assert run("--quality-threshold", "7", "--seed", "3") == 0
    assert len(comfy.posts) == 1
    assert sidecars(tmp_path)[0]["refinement"]["status"] == "success"


def test_a_higher_budget_goes_on_behind_what_a_lower_one_drew(
    comfy: ComfyServer, tmp_path: Path
) -> None:
    assert run("--quality-threshold", "9", "--seed", "3", "--max-attempts", "1") == 1
    assert run("--quality-threshold", "9", "--seed", "3", "--max-attempts", "2") == 1
    assert len(comfy.posts) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "9", "--quality-threshold", "7"], "sets steps itself"),
        (["--cfg", "9", "--quality-threshold", "7"], "sets cfg itself"),
        (["--count", "2", "--max-attempts", "2"], "one series"),
        (["--set", "KSampler.seed=4", "--max-attempts", "2"], "fixes the seed"),
        (["--no-metadata", "--output", "x.png", "--validate"], "--no-metadata"),
        (["--quality-threshold", "11"], "less than or equal to 10"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_drawn(
    comfy: ComfyServer, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err
    assert comfy.posts == []


@pytest.mark.parametrize("attempts", [[], ["--max-attempts", "1"]])
def test_what_was_said_of_an_image_that_came_to_nothing_is_forgotten(
    comfy: ComfyServer, monkeypatch: pytest.MonkeyPatch, attempts: list[str]
) -> None:
    juries: list[Jury] = []
    made = Jury.__init__

    def noted(self: Jury, *given: Any, **more: Any) -> None:
        made(self, *given, **more)
        juries.append(self)

    def refuses(*_: object) -> None:
        raise StoreUnavailable("store-unavailable", "the disk is full")

    monkeypatch.setattr(Jury, "__init__", noted)
    command = ["generate", *WORKFLOW, "--quality-score", "--seed", "1", *attempts]
    assert cli.main(command) in {0, 1}
    monkeypatch.setattr(commit, "_put_sidecar", refuses)
    command[command.index("1")] = "9"
    assert cli.main(command) == 3
    assert len(juries) == 2
    assert [jury._just_made for jury in juries] == [{}, {}]
