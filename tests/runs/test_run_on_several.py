"""A run that may draw on several servers: what becomes of it when one of them does not last."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flows.iterate as flow_module
from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import open_lab
from darkroom.core.errors import PreflightError
from darkroom.runs import opening, telling
from darkroom.runs.params import IterateParams
from darkroom.runs.preview import preview
from darkroom.writepath.opening import reconcile_lab
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.several_servers import Servers, be_impatient, running_servers
from tests.fakes.until import until
from tests.runs.run_scenes import AIGEN, Lab, Plain, connect

COMMAND = "import sys; from tests.runs.test_run_on_several import alone; alone(sys.argv[1])"
ROOT = Path(__file__).resolve().parents[2]


def alone(home: str) -> None:
    """The same run in a process of its own, which may be killed."""
    with pytest.MonkeyPatch.context() as patch:
        _connected(Lab(Path(home)), patch).run()


def _connected(lab: Lab, patch: pytest.MonkeyPatch) -> Lab:
    real = opening.renderer_of
    connect(lab, patch)
    patch.setattr(opening, "renderer_of", real)
    be_impatient(patch)
    return lab


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with running_servers("studio", "attic") as made:
        made.write(tmp_path)
        yield made


@pytest.fixture
def lab(tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path, script=((), ("hat",), ("hat",), ("hat", "dog")))
    made.write()
    told = AIGEN.format(denoise=1.0, seed="null")
    told = told.replace("host: fake", "host: [studio, attic]")
    told = told.replace("tiny.safetensors", "sd15/base-v1.safetensors")
    (made.folder / "config/AIGen.yaml").write_text(told)
    return _connected(made, monkeypatch)


def hosts(lab: Lab) -> list[str]:
    return [lab.json(name)["engine"]["host"] for name in lab.files("images/*.json")]


def record(lab: Lab) -> Any:
    (name,) = lab.files("run.json")
    return lab.json(name)


def test_one_host_draws_all_while_it_lasts_and_the_record_names_both(
    lab: Lab, servers: Servers
) -> None:
    assert lab.run().status == "accepted"
    assert len(hosts(lab)) == 4
    assert len(set(hosts(lab))) == 1
    assert (record(lab)["host"], record(lab)["engine"]) == ("studio,attic", "comfyui/0.33.0")
    assert servers.drawn("studio") + servers.drawn("attic") == 4


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_host_that_dies_during_an_image_loses_neither_image_nor_run(
    lab: Lab, servers: Servers, nth: int
) -> None:
    servers.dies_at("studio", nth)
    Drains(open_lab()).drain("attic")  # so that studio begins
    servers.comfy["studio"].work = _resuming("attic", servers.comfy["studio"].work)
    report = lab.run()
    assert (report.status, len(hosts(lab))) == ("accepted", 4)
    assert hosts(lab) == ["studio"] * (nth - 1) + ["attic"] * (5 - nth)


def _resuming(name: str, work: Any) -> Any:
    def first(server: ComfyServer, job: Job) -> None:
        Drains(open_lab()).resume(name)
        work(server, job)

    return first


def test_a_host_that_dies_between_two_images_is_not_missed(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def committed(*arguments: Any) -> Any:
        ended = original(*arguments)
        servers.cut_off(hosts(lab)[0])
        return ended

    original = flow_module.commit.fn
    monkeypatch.setattr(flow_module, "commit", Plain(committed))
    report = lab.run()
    assert (report.status, len(hosts(lab))) == ("accepted", 4)
    assert len(set(hosts(lab)[1:])) == 1
    assert hosts(lab)[0] != hosts(lab)[1]


def test_a_host_that_is_drained_draws_no_further_image(lab: Lab, servers: Servers) -> None:
    def work(server: ComfyServer, job: Job) -> None:
        Drains(open_lab()).drain("studio")
        draw(server, job)

    Drains(open_lab()).drain("attic")
    servers.comfy["studio"].work = _resuming("attic", work)
    assert lab.run().status == "accepted"
    assert hosts(lab) == ["studio", "attic", "attic", "attic"]


def test_any_draws_on_what_is_there_and_says_what_is_left_out(lab: Lab, servers: Servers) -> None:
    servers.cut_off("studio")
    said: list[str] = []

    def hear(event: telling.Event) -> None:
        if isinstance(event, telling.Said):
            said.append(event.text)

    with telling.heard_by(hear):
        assert lab.run(sets=["comfyui.host=any"]).status == "accepted"
    assert hosts(lab) == ["attic"] * 4
    assert any("left out of this run: studio: " in text for text in said)


def test_a_dry_run_names_all_hosts_and_the_mistakes_of_all(lab: Lab, servers: Servers) -> None:
    del servers.comfy["studio"].catalogue["VAEDecode"]
    found = preview(IterateParams(project="demo"))
    assert (found.host, found.engine) == ("studio,attic", "comfyui/0.33.0")
    assert found.warnings[0].startswith("studio: 8 (VAEDecode)")
    with pytest.raises(PreflightError, match=r"studio: .*ckpt_name.*attic: .*ckpt_name"):
        preview(IterateParams(project="demo", sets=["model.ckpt_name=none.safetensors"]))


def test_an_image_that_waits_for_its_answers_outlives_the_host_that_drew_it(
    lab: Lab, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise SystemExit("the process ends here")

    servers.becomes("studio", "0.99.0")
    Drains(open_lab()).drain("attic")
    with monkeypatch.context() as patch:
        patch.setattr(flow_module, "answer", crash)
        with pytest.raises(SystemExit):
            lab.run()
    assert servers.drawn("studio") == 1
    servers.cut_off("studio")
    Drains(open_lab()).resume("attic")
    assert lab.run().status == "accepted"
    assert hosts(lab)[0] == "studio"
    assert set(hosts(lab)[1:]) == {"attic"}
    assert servers.drawn("studio") == 1


@pytest.mark.soak
def test_a_run_that_is_killed_again_and_again_draws_nothing_twice(
    lab: Lab, servers: Servers
) -> None:
    def work(server: ComfyServer, job: Job) -> None:
        time.sleep(0.1)
        draw(server, job)

    for server in servers.comfy.values():
        server.work = work
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    for count in (1, 3):
        command = [sys.executable, "-c", COMMAND, str(lab.home)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) as process:
            until(lambda count=count: len(servers.seeds()) >= count)
            process.kill()
        servers.hear_out_the_dead()  # nobody can know of what is still on its way
        reconcile_lab(open_lab(), "demo")
    assert lab.run().status == "accepted"
    assert len(servers.seeds()) == len(set(servers.seeds())) == len(hosts(lab)) == 4
    assert len(lab.runs) == 1
