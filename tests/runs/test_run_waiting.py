"""A run whose one server goes away: it is waited for, and no iteration is spent on it."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import flows.iterate as flow_module
from darkroom.core.errors import ComfyUnreachable, ServerAway
from darkroom.runs import opening, telling
from darkroom.runs.opening import open_run
from darkroom.runs.params import IterateParams
from darkroom.writepath import fleet_opening
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.several_servers import Servers, be_impatient, running_servers
from tests.runs.run_scenes import AIGEN, Lab, Plain, connect

HOST = "studio"
FAILED = "studio failed, it is waited for, 30 s at most: "


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with running_servers(HOST) as made:
        made.write(tmp_path, {HOST: ", wait_s: 30"})
        yield made


@pytest.fixture
def lab(tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path, script=((), ("hat",), ("hat",), ("hat", "dog")))
    made.write()
    told = AIGEN.format(denoise=1.0, seed="null").replace("host: fake", f"host: {HOST}")
    told = told.replace("tiny.safetensors", "sd15/base-v1.safetensors")
    (made.folder / "config/AIGen.yaml").write_text(told)
    real = opening.renderer_of
    connect(made, monkeypatch)
    monkeypatch.setattr(opening, "renderer_of", real)
    be_impatient(monkeypatch)
    return made


@contextmanager
def back_when_waited_for(servers: Servers) -> Generator[list[str]]:
    """Have the server answer again once somebody was told that it is waited for."""
    said: list[str] = []

    def hear(event: telling.Event) -> None:
        if isinstance(event, telling.Said):
            said.append(event.text)
            if "waited for" in event.text:
                threading.Timer(0.3, servers.comes_back, [HOST]).start()

    with telling.heard_by(hear):
        yield said


def cut_off_between(servers: Servers, patch: pytest.MonkeyPatch) -> None:
    """Have it gone once the first image is committed."""

    def committed(*arguments: object) -> object:
        ended = original(*arguments)
        if servers.drawn(HOST) == 1:
            servers.cut_off(HOST)
        return ended

    original = flow_module.commit.fn
    patch.setattr(flow_module, "commit", Plain(committed))


def test_a_server_that_is_away_between_two_images_costs_no_iteration(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_between(servers, monkeypatch)
    with back_when_waited_for(servers) as said:
        report = lab.run()
    assert report.status == "accepted"
    assert [line.failure for line in report.iterations] == [None] * 4
    assert servers.drawn(HOST) == 4
    assert said[0].startswith(FAILED)
    assert said[1] == "studio answers again and draws on"
    assert report.notes == tuple(said[:2])


def test_a_server_that_restarts_while_it_draws_is_given_the_image_again(
    lab: Lab, servers: Servers
) -> None:
    def restarts(server: ComfyServer, job: Job) -> None:
        server.work = draw
        servers.cut_off(HOST)
        server.restart()

    servers.comfy[HOST].work = restarts
    with back_when_waited_for(servers):
        report = lab.run()
    assert report.status == "accepted"
    assert [line.failure for line in report.iterations] == [None] * 4
    assert servers.drawn(HOST) == 5


def test_a_server_that_stays_away_leaves_the_run_open_to_go_on_where_it_was(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.write(lab.home, {HOST: ", wait_s: 0.4"})
    with monkeypatch.context() as patch:
        cut_off_between(servers, patch)
        with pytest.raises(ServerAway, match=r"studio was waited for 0\.4 s"):
            lab.run()
    servers.comes_back(HOST)
    report = lab.run()
    assert report.status == "accepted"
    assert [line.failure for line in report.iterations] == [None] * 4
    assert len(lab.runs) == 1
    assert servers.drawn(HOST) == 4


def test_only_where_nobody_looks_on_a_server_is_waited_for_at_the_beginning(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_opening, "_ASK_AGAIN_S", 0.1)
    servers.cut_off(HOST)
    params = IterateParams(project="demo")
    with pytest.raises(ComfyUnreachable, match="broke"), open_run(params):
        pass
    with back_when_waited_for(servers) as said, open_run(params, is_watched=False) as run:
        assert run.tools.engine == "comfyui/0.33.0"
    assert said[0].startswith("studio does not answer, it is waited for, 30 s at most: ")


def test_the_wait_at_the_beginning_ends_as_well(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_opening, "_ASK_AGAIN_S", 0.1)
    servers.write(lab.home, {HOST: ", wait_s: 0.3"})
    servers.cut_off(HOST)
    with pytest.raises(ServerAway), open_run(IterateParams(project="demo"), is_watched=False):
        pass
    assert lab.runs == []
