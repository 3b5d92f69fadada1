"""An experiment chooses its servers in the same words as everything else."""

import threading
from collections.abc import Iterator

import pytest

from darkroom.core.fleet.health import Patience
from darkroom.experiments import rejoining
from darkroom.runs.telling import Event, Said, heard_by
from darkroom.writepath import fleet_opening
from tests.experiments.lab_scenes import GRID, Lab, paint
from tests.fakes.comfy_server import ComfyServer, Job, start
from tests.fakes.several_servers import NO_STALLS, Servers, be_impatient, running_servers

WAIT_S = 60.0


def test_any_means_every_host_of_the_laboratory_and_names_those_that_are_away(lab: Lab):
    lab.write(GRID + "hosts: any\n")
    told = lab.home / "darkroom.yaml"
    told.write_text(told.read_text() + "  attic: {url: 'http://127.0.0.1:9'}\n")
    report = lab.run()
    (begun,) = lab.opened
    assert [text.startswith("attic") for text in begun.away] == [True]
    assert (report.status, report.images) == ("complete", 8)
    assert {sidecar["engine"]["host"] for sidecar in lab.sidecars()} == {"studio"}


def test_without_hosts_of_its_own_it_has_those_of_the_project(lab: Lab):
    aigen = lab.home / "projects/demo/config/AIGen.yaml"
    aigen.write_text(aigen.read_text().replace("host: studio", "host: 'attic,studio'"))
    told = lab.home / "darkroom.yaml"
    told.write_text(told.read_text() + "  attic: {url: 'http://127.0.0.1:9'}\n")
    assert lab.run().images == 8


@pytest.fixture
def attic(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A second server beside the one of the laboratory, which may be cut off."""
    be_impatient(monkeypatch, NO_STALLS)
    with running_servers("attic") as made:
        made.comfy["attic"].work = paint
        lab.write(GRID + "hosts: any\n")
        told = lab.home / "darkroom.yaml"
        told.write_text(f"{told.read_text()}  attic: {{url: '{made.urls['attic']}'}}\n")
        yield made


def drawn_by(lab: Lab) -> set[str]:
    return {sidecar["engine"]["host"] for sidecar in lab.sidecars()}


def lookouts() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "lookout"]


def test_a_server_that_was_away_at_first_draws_once_it_answers(
    lab: Lab, attic: Servers, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rejoining, "EVERY_S", 0.05)
    attic.cut_off("attic")
    attic_draws = threading.Event()
    said: list[str] = []

    def waits(server: ComfyServer, job: Job) -> None:
        if job.number == 1:
            attic.comes_back("attic")
            for lookout in lookouts():
                lookout.join(WAIT_S)  # it ends when it has found everybody, and the step then
        elif job.number > 2:  # it may have had the second at that time already
            attic_draws.wait(WAIT_S)
        paint(server, job)

    def draws(server: ComfyServer, job: Job) -> None:
        attic_draws.set()
        paint(server, job)

    def hear(event: Event) -> None:
        if isinstance(event, Said):
            said.append(event.text)

    lab.server.work, attic.comfy["attic"].work = waits, draws
    with heard_by(hear):
        report = lab.run()
    assert (report.status, report.images, report.drawn) == ("complete", 8, 8)
    assert attic_draws.is_set()
    assert drawn_by(lab) == {"studio", "attic"}
    assert said == ["attic answers by now and draws as well"] == list(report.notes)
    assert not lookouts()


def test_a_server_that_dies_is_told_of_at_once_with_the_cause_and_where_its_work_goes(
    lab: Lab, attic: Servers, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet_opening, "PATIENCE", Patience(first_pause_s=0.1, failures=2))
    said: list[Event] = []
    is_dead = threading.Event()

    def dies(server: ComfyServer, job: Job) -> None:
        start(server, job)
        attic.cut_off("attic")
        is_dead.set()

    def waits(server: ComfyServer, job: Job) -> None:
        assert is_dead.wait(WAIT_S)
        paint(server, job)

    attic.comfy["attic"].work, lab.server.work = dies, waits
    with heard_by(said.append):
        report = lab.run()
    assert (report.status, report.drawn, drawn_by(lab)) == ("complete", 8, {"studio"})
    assert report.notes[0].startswith("attic failed, its work goes to studio: ")
    assert [each.text for each in said if isinstance(each, Said)] == list(report.notes)
