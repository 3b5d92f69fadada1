"""Experiments that refine each cell and seed: attempts share servers and budgets."""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import UsageError
from darkroom.experiments import judging
from darkroom.experiments.planning import plan
from darkroom.experiments.running import Work
from darkroom.writepath.desk import Stored
from tests.experiments.lab_scenes import Lab, paint
from tests.fakes.comfy_server import ComfyServer, Job, end_badly, running_server, start
from tests.fakes.workflows import document

SEARCHED = """
axes: {cfg: [2.0]}
seeds: [1, 2, 3, 4]
judge: scores
refine: {strategy: prompt_enhance, max_attempts: 3, threshold: 10}
"""


class Rater:
    """Scores nothing above 5, so that every attempt is made."""

    asked: Mapping[str, object] = {"scores": ["lite:any"]}

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.forgotten: list[str] = []

    def of_picture(self, stored: Stored) -> object:
        self.seen.append(stored.intent.image_key)
        return SimpleNamespace(composite_score=float(stored.intent.seed % 50) / 10)

    def of_committed(self, store: Store, image_key: str) -> object:
        return SimpleNamespace(composite_score=0.0)

    def forget(self, image_key: str) -> None:
        self.forgotten.append(image_key)


@pytest.fixture
def rated(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    @contextmanager
    def jury_of(*_: object) -> Generator[Rater]:
        rater = Rater()
        yield rater
        judged = [key for key in rater.seen if key not in rater.forgotten]
        assert judged == []  # a long run would remember every image

    monkeypatch.setattr(judging, "jury_of", jury_of)
    monkeypatch.setattr(judging, "parts_of", lambda _: {})
    lab.write(SEARCHED)
    return lab


def test_series_make_their_attempts_together_on_all_servers(rated: Lab):
    both_busy = threading.Barrier(2, timeout=30)
    begun: list[ComfyServer] = []

    def together(server: ComfyServer, job: Job) -> None:
        if server not in begun:  # the first job of each: who gets the later ones is open
            begun.append(server)
            both_busy.wait()  # one after the other would wait here in vain
        paint(server, job)

    with running_server() as (second, url):
        second.catalogue = document("object_info")
        rated.server.work = second.work = together
        rated.write(SEARCHED + "hosts: [studio, attic]\n")
        path = rated.home / "darkroom.yaml"
        path.write_text(f"{path.read_text()}  attic: {{url: {url}}}\n")
        report = rated.run()
        assert (report.status, report.images, report.drawn) == ("complete", 4, 12)
        assert rated.drawn + len(second.posts) == 12
        assert rated.drawn
        assert second.posts


def test_the_best_attempt_counts_and_its_seconds_are_those_of_all(rated: Lab):
    report = rated.run()
    blocks = [each["refinement"] for each in rated.sidecars()]
    assert [block["attempt"] for block in blocks] == [1, 2, 3] * 4
    assert [len(block["previous_scores"]) for block in blocks] == [0, 1, 2] * 4
    (cell,) = report.cells
    scores = [each["experiment"]["score"] for each in rated.sidecars()]
    best = [max(scores[at : at + 3]) for at in range(0, 12, 3)]
    assert cell.score == pytest.approx(sum(best) / 4)
    assert cell.seconds == pytest.approx(7.5)
    again = rated.run()
    assert (again.drawn, again.cells[0].score, rated.drawn) == (0, cell.score, 12)


def test_an_attempt_that_fails_is_one_of_the_attempts(rated: Lab):
    def second_breaks(server: ComfyServer, job: Job) -> None:
        if len(server.posts) in (5, 6):
            start(server, job)
            end_badly(server, job, "execution_error", node_id="3", exception_message="it broke")
        else:
            paint(server, job)

    rated.server.work = second_breaks
    report = rated.run()
    assert (report.status, report.images) == ("complete", 4)
    assert rated.drawn == 12


@pytest.mark.parametrize("budget", ["{gpu_seconds: 11}", "{images: 5}"])
def test_a_budget_counts_attempts_and_ends_them_in_their_middle(rated: Lab, budget: str):
    rated.write(SEARCHED + f"budget: {budget}\n")
    report = rated.run()
    assert (report.status, report.failures) == ("empty", ())
    assert "the budget is spent" in report.reason
    # of 12; all that are begun before the first of an attempt has told what it takes
    assert 5 <= rated.drawn <= 8
    rated.write(SEARCHED)
    more = rated.run()
    assert (more.status, more.images, rated.drawn) == ("complete", 4, 12)


def test_a_budget_of_images_knows_the_attempts_of_earlier_commands(rated: Lab):
    rated.run()
    rated.write(SEARCHED.replace("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]") + "budget: {images: 12}\n")
    report = rated.run()
    assert (report.status, report.images, rated.drawn) == ("cut", 4, 12)


def test_a_plan_counts_all_attempts(rated: Lab):
    rated.write(SEARCHED.replace("max_attempts: 3", "max_attempts: 1"))
    once = plan("demo/first").estimate
    rated.write(SEARCHED)
    found = plan("demo/first")
    assert (found.images, found.attempts) == (4, 3)
    assert found.estimate.seconds == pytest.approx(3 * once.seconds)
    assert found.estimate.disk_bytes == 3 * once.disk_bytes
    rated.run()
    rated.write(SEARCHED.replace("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]"))
    measured = plan("demo/first").estimate
    assert "of this experiment" in measured.seconds_from
    assert measured.seconds == pytest.approx(7.5)  # three attempts of 2.5 s


def test_a_plan_knows_that_attempts_may_have_more_steps(rated: Lab):
    text = SEARCHED.replace("seeds: [1, 2, 3, 4]", "seeds: [1]").replace(
        "cfg: [2.0]", "denoise: [1.0]"
    )
    rated.write(text.replace("max_attempts: 3", "max_attempts: 1"))
    once = plan("demo/first").estimate.seconds  # 4 steps
    rated.write(text.replace("prompt_enhance", "progressive"))  # 30, 50 and 80 steps
    assert plan("demo/first").estimate.seconds == pytest.approx(once * 160 / 4)


def test_a_plan_refuses_what_a_run_would_refuse(rated: Lab):
    text = SEARCHED.replace("{cfg: [2.0]}", "{steps: [4, 8]}")
    rated.write(text.replace("prompt_enhance", "progressive"))
    for act in (plan, Work):
        with pytest.raises(UsageError, match="sets steps, which is also an axis"):
            act("demo/first")


PLAIN = SEARCHED[: SEARCHED.index("refine:")]


def test_refinement_that_is_added_later_refines_what_was_drawn_without(rated: Lab):
    rated.write(PLAIN)
    assert rated.run().drawn == 4
    rated.write(SEARCHED)
    report = rated.run()
    assert (report.status, report.images, report.drawn, rated.drawn) == ("complete", 4, 8, 12)
    assert rated.run().drawn == 0


def test_without_refinement_the_first_image_counts_again_and_not_the_best(rated: Lab):
    best = rated.run().cells[0]
    rated.write(PLAIN)
    report = rated.run()
    assert (report.status, report.images, rated.drawn) == ("complete", 4, 12)
    assert best.seconds == pytest.approx(7.5)
    assert report.cells[0].seconds == pytest.approx(2.5)


@pytest.mark.parametrize("budget", ["", "budget: {images: 5}\n"], ids=["ended", "cut"])
def test_more_attempts_that_are_allowed_later_are_made(rated: Lab, budget: str):
    rated.write(SEARCHED.replace("max_attempts: 3", "max_attempts: 2") + budget)
    assert rated.run().drawn == (5 if budget else 8)
    rated.write(SEARCHED)
    report = rated.run()
    assert (report.status, report.images, report.failures) == ("complete", 4, ())
    assert rated.drawn == 12
    assert sorted(each["refinement"]["attempt"] for each in rated.sidecars()) == sorted(
        [1, 2, 3] * 4
    )


def test_a_higher_threshold_goes_on_with_series_that_had_reached_the_lower(rated: Lab):
    rated.write(SEARCHED.replace("threshold: 10", "threshold: 0.25"))
    assert 4 < rated.run().drawn < 12  # some seeds score more
    rated.write(SEARCHED)
    assert (rated.run().status, rated.drawn) == ("complete", 12)


def test_a_budget_of_images_knows_the_attempts_of_series_that_are_not_over(rated: Lab):
    rated.write(SEARCHED + "budget: {images: 5}\n")
    assert rated.run().drawn == 5
    told = plan("demo/first")
    assert (told.to_draw, told.cut) == (0, 4)
    again = rated.run()
    assert (again.drawn, rated.drawn) == (0, 5)
    assert "5 of 5 images" in again.reason
    rated.write(SEARCHED + "budget: {images: 7}\n")
    assert (rated.run().drawn, rated.drawn) == (2, 7)


def test_attempts_found_elsewhere_are_no_end_of_their_series(rated: Lab):
    rated.write(PLAIN)
    rated.run()
    rated.write(SEARCHED + "budget: {images: 5}\n")
    rated.run()  # finds the first attempts, and ends in the middle of the second
    rated.write(SEARCHED)
    report = rated.run()
    assert (report.status, report.images, rated.drawn) == ("complete", 4, 12)
