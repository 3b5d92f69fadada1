"""What may go wrong with an experiment on real machines, and what it costs: no other image."""

import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import SpooledStore
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import StoreDenied, StoreFull, UsageError
from darkroom.core.experiments.deciding import Draw
from darkroom.core.ulids import ulid
from darkroom.experiments import opening, spending
from darkroom.experiments.history import read_history
from darkroom.experiments.planning import plan
from darkroom.experiments.running import Work
from darkroom.experiments.standing import standing
from darkroom.writepath.opening import opened_desk
from tests.experiments.lab_scenes import GRID, RULES, Lab, failing_where, paint
from tests.fakes.comfy_server import ComfyServer, running_server
from tests.fakes.workflows import document

NOW_MS = 1_800_000_000_000


@pytest.fixture
def second(lab: Lab) -> Generator[ComfyServer]:
    """Another server of darkroom.yaml, `attic`."""
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        server.work = paint
        text = (lab.home / "darkroom.yaml").read_text()
        (lab.home / "darkroom.yaml").write_text(f"{text}  attic: {{url: {url}}}\n")
        yield server


def working(lab: Lab, pattern: str) -> list[Path]:
    return sorted(lab.home.glob(f"projects/demo/working/{pattern}"))


# -- what others do at the same time


def test_nobody_else_carries_it_out_meanwhile(lab: Lab):
    with Work("demo/first"), pytest.raises(UsageError) as told:
        Work("demo/first")
    assert told.value.code == "lock-busy"
    assert plan("demo/first").to_draw == 8  # looking is free
    assert lab.run().status == "complete"
    assert working(lab, "turns/*") == []


def test_nor_does_another_machine_that_shares_the_store(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening, "_TURN_WAIT_S", 0.1)
    with opened_desk(open_lab()) as desk:
        note = f"demo/working/turns/experiment-first.{ulid(NOW_MS, 1)}.another.json"
        desk.store.put(note, b"{}", "application/json")
        with pytest.raises(UsageError, match="another machine is carrying demo/first out"):
            lab.run()
        desk.store.delete(note)
    assert lab.run().status == "complete"


def test_cells_that_two_machines_entered_at_once_count_once(lab: Lab):
    text = "axes: {cfg: {from: 1.0, to: 9.0}}\nseeds: [11]\n"
    lab.write(text + "adaptive: {trials: 4, batch: 2, sampler: random}\n")
    before = lab.run()
    first, _ = (
        path for path in working(lab, "*/experiment/*.json") if "further" in path.read_text()
    )
    twin = first.with_name(f"{ulid(NOW_MS, 7)}.json")
    twin.write_text(first.read_text())
    after = standing("demo/first").report
    assert (after.status, after.wanted) == ("complete", 4)
    assert {c.cell: c.score for c in after.cells} == {c.cell: c.score for c in before.cells}


def test_an_image_is_of_the_cell_it_says_and_not_of_the_one_that_was_numbered(lab: Lab):
    before = lab.run()
    (path,) = working(lab, "experiments/first/*.json")
    document = json.loads(path.read_text())
    document["entries"].reverse()
    path.write_text(json.dumps(document))
    after = standing("demo/first").report
    assert {c.cell: c.score for c in after.cells} == {c.cell: c.score for c in before.cells}


# -- servers, judge, files


@pytest.mark.parametrize("catalogue", [[], {"KSampler": 3}], ids=["a list", "no node"])
def test_of_several_servers_one_may_talk_nonsense(lab: Lab, second: ComfyServer, catalogue: object):
    second.catalogue = catalogue  # pyright: ignore[reportAttributeAccessIssue] - nonsense on purpose
    lab_text = (lab.home / "darkroom.yaml").read_text()
    lab.write(GRID + "hosts: [studio, attic]\n")
    (lab.home / "darkroom.yaml").write_text(lab_text)
    assert lab.run().status == "complete"
    assert (lab.drawn, second.posts) == (8, [])
    assert any("attic" in text or "object_info" in text for text in plan("demo/first").warnings)


def test_a_server_that_may_draw_the_model_draws_it_with_a_lora_as_well(lab: Lab):
    lab.write("axes: {'lora:detail.safetensors': [0.0, 1.0]}\nseeds: [1]\njudge: none\n")
    text = f"hosts:\n  studio: {{url: {lab.url}, models: [sd15/base-v1.safetensors]}}\n"
    (lab.home / "darkroom.yaml").write_text(text)
    report = lab.run()
    assert (report.status, report.images, report.failures) == ("complete", 2, ())


def test_an_image_that_is_damaged_keeps_no_other_from_being_judged_again(lab: Lab):
    lab.run()
    working(lab, "*/images/iteration_003.png")[0].write_bytes(b"rot")
    lab.write(rules=RULES.replace("Is it red?", "Is it very red?"))
    report = lab.run()
    assert (report.status, report.judged_again, report.images) == ("incomplete", 7, 7)
    (failure,) = report.failures
    assert "iteration_003" in failure.cause or "sha256" in failure.cause
    assert lab.drawn == 8


def test_a_judge_that_is_away_ends_the_drawing_soon(lab: Lab):
    lab.write(GRID.replace("[11, 22]", str(list(range(30)))))
    lab.judge.is_away = True
    with pytest.raises(Exception, match="the judge is away"):
        lab.run()
    assert lab.drawn <= 8  # of 120


# -- seeds and budgets


def test_seeds_that_were_left_out_for_a_while_are_the_same_again(lab: Lab):
    lab.write(GRID.replace("seeds: [11, 22]", "seeds: 3"))
    seeds = lab.run().seeds
    lab.write(GRID.replace("seeds: [11, 22]", "seeds: 1").replace("[4, 20]", "[4, 20, 21]"))
    lab.run()
    lab.write(GRID.replace("seeds: [11, 22]", "seeds: 3"))
    report = lab.run()
    assert (report.seeds, report.drawn) == (seeds, 0)


class Clock:
    """Half a minute goes by with each image."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def monotonic(self) -> float:
        return 30.0 * self._lab.drawn


def test_a_budget_of_minutes_ends_a_step_in_its_middle(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spending, "time", Clock(lab))
    lab.write(GRID.replace("[11, 22]", str(list(range(10)))) + "budget: {minutes: 2}\n")
    report = lab.run()
    assert report.status == "cut"
    assert "minutes are over" in report.reason
    assert 4 <= lab.drawn <= 8  # of 40; what was under way comes to its end
    assert report.failures == ()


def test_a_long_step_ends_so_that_others_get_their_turn(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spending, "time", Clock(lab))
    lab.write(GRID.replace("[11, 22]", str(list(range(10)))))
    steps = 0
    with Work("demo/first") as work:
        while isinstance(step := work.decide(), Draw):
            work.carry_out(step)
            steps += 1
        report = work.close(step)
    assert (report.status, lab.drawn) == ("complete", 40)
    assert 2 <= steps <= 5


def test_a_spent_budget_of_gpu_seconds_fails_nothing(lab: Lab):
    lab.write(GRID + "budget: {gpu_seconds: 9}\n")  # an image takes 2.5
    report = lab.run()
    assert (report.status, report.failures) == ("cut", ())
    assert 4 <= lab.drawn <= 5


# -- a store that is far away


class Slow:
    """A store whose events are read two at a time, or never."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._two = threading.Barrier(2, timeout=60)

    def get(self, key: str) -> bytes:
        if "/experiment/" in key:
            self._two.wait()
        return self._store.get(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_events_are_not_waited_for_one_after_the_other(lab: Lab):
    lab.server.work = failing_where(2.0)
    lab.run()
    assert len(working(lab, "*/experiment/*.json")) == 4
    with opened_desk(open_lab()) as desk:
        history = read_history(cast("Store", Slow(desk.store)), "demo", "first")
    assert len(history.plans[0].failures) == 4


@pytest.mark.parametrize("refusal", [StoreFull, StoreDenied])
def test_a_store_that_takes_no_more_ends_the_drawing_soon(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, refusal: type[StoreFull | StoreDenied]
):
    lab.write(GRID.replace("[11, 22]", "20"))
    said = StoreFull("store-full", "no room to write")
    if refusal is StoreDenied:
        said = StoreDenied("store-not-permitted", "not allowed to write")
    put, images = FolderStore.put, set[str]()

    def put_or_refuse(store: FolderStore, key: str, *args: Any, **named: Any) -> str:
        if key.endswith(".png"):
            images.add(key)
        if len(images) > 3:
            raise said
        return put(store, key, *args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "put", put_or_refuse)
        if refusal is StoreFull:
            patched.setattr(SpooledStore, "_append", put_or_refuse)  # on the same disk
        with pytest.raises(refusal):
            lab.run()
    assert lab.drawn < 12  # of 80
    lab.write(GRID.replace("[11, 22]", "3"))
    report = lab.run()
    assert (report.status, report.images, report.failures) == ("complete", 12, ())
