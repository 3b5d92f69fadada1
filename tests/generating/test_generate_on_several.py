"""`darkroom generate` where several servers may draw: one dies, one is drained, one differs."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.drained import Drains
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.settings import open_lab
from darkroom.apps import cli
from darkroom.core.scoring.refinement import Draw
from darkroom.generating.drawing import Telling
from darkroom.generating.ordering import GenerateParams, order
from darkroom.generating.refining import Asked, Refining
from darkroom.generating.request import Request
from tests.fakes.comfy_server import ComfyServer, Job, draw, end_badly
from tests.fakes.several_servers import Servers, be_impatient, running_servers
from tests.fakes.until import until
from tests.fakes.workflows import FOLDER

WORKFLOW = str(FOLDER / "api" / "sd15_txt2img.json")
MAIN = "import sys; from darkroom.apps.cli import main; sys.exit(main())"


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    with running_servers("studio", "attic") as made:
        made.write(tmp_path)
        monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
        monkeypatch.chdir(tmp_path)
        be_impatient(monkeypatch)
        yield made


def run(*arguments: str) -> int:
    return cli.main(["generate", "--workflow", WORKFLOW, *arguments])


def sidecars(folder: Path) -> list[dict[str, Any]]:
    found = sorted(folder.glob("projects/*/working/*/images/*.json"))
    return [json.loads(path.read_text()) for path in found]


def drawn_by(folder: Path) -> Counter[str]:
    return Counter(one["engine"]["host"] for one in sidecars(folder))


def test_a_host_that_dies_in_the_middle_costs_no_image(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.dies_at("studio", 3)
    servers.waits_for("attic", "studio")
    assert run("--host", "studio,attic", "--seed", "1", "--count", "12") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("[OK] Image available at: ") for line in lines) == 12
    assert sum(line.startswith("[OK] Metadata available at: ") for line in lines) == 12
    assert [one["parameters"]["seed"] for one in sidecars(tmp_path)] == list(range(1, 13))
    counted = drawn_by(tmp_path)
    assert counted["studio"] + counted["attic"] == 12
    assert servers.drawn("attic") == counted["attic"]


def test_a_host_that_dies_is_told_of_at_once_with_the_cause_and_where_its_work_goes(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.dies_at("studio", 1)
    servers.waits_for("attic", "studio")
    assert run("--host", "studio,attic", "--seed", "1", "--count", "6") == 0
    lines = capsys.readouterr().err.splitlines()
    (failed,) = [line for line in lines if line.startswith("note: studio failed")]
    assert failed.startswith("note: studio failed, its work goes to attic: the server went away")


def test_any_leaves_a_drained_host_alone_and_one_that_may_not_draw_the_model(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.write(tmp_path, {"attic": ", models: ['flux/*']"})
    assert run("--host", "any", "--seed", "1", "--count", "3") == 0
    assert drawn_by(tmp_path) == {"studio": 3}
    assert "attic: `models` in darkroom.yaml does not let it draw" in capsys.readouterr().err
    servers.write(tmp_path)
    Drains(open_lab()).drain("studio")
    assert run("--host", "any", "--seed", "10", "--count", "3") == 0
    assert servers.drawn("studio") == 3
    Drains(open_lab()).drain("attic")
    assert run("--host", "any") == 2
    assert "every server is drained: studio, attic" in capsys.readouterr().err


def test_a_host_that_is_drained_in_the_middle_gets_nothing_more(
    servers: Servers, tmp_path: Path
) -> None:
    def work(server: ComfyServer, job: Job) -> None:
        Drains(open_lab()).drain("studio")
        draw(server, job)

    servers.comfy["studio"].work = work
    assert run("--host", "studio,attic", "--seed", "1", "--count", "12") == 0
    assert len(sidecars(tmp_path)) == 12
    assert servers.drawn("studio") <= 2


def test_a_host_that_is_away_is_named_and_all_away_is_a_failure(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.cut_off("studio")
    assert run("--host", "studio,attic", "--seed", "1", "--count", "2") == 0
    assert "note: studio: " in capsys.readouterr().err
    assert drawn_by(tmp_path) == {"attic": 2}
    servers.cut_off("attic")
    assert run("--host", "any") == 3


def test_the_mistakes_of_all_hosts_are_told_at_once(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--host", "studio,attic", "--sampler", "eulr", "--scheduler", "karas") == 2
    said = capsys.readouterr().err
    for host in ("studio", "attic"):
        assert f"{host}: 3.sampler_name" in said
        assert f"{host}: 3.scheduler" in said
    assert run("--host", "studio,attick") == 2
    assert "did you mean 'attic'" in capsys.readouterr().err


def test_one_host_that_lacks_something_leaves_the_work_to_the_other(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    required = servers.comfy["studio"].catalogue["KSampler"]["input"]["required"]
    required["scheduler"][1]["options"].remove("karras")
    command = ["--host", "studio,attic", "--scheduler", "karras", "--seed", "1", "--count", "3"]
    assert run(*command) == 0
    assert drawn_by(tmp_path) == {"attic": 3}
    assert "studio: 3.scheduler" in capsys.readouterr().err


def test_what_another_version_has_drawn_is_found(servers: Servers, tmp_path: Path) -> None:
    servers.becomes("attic", "0.99.0")
    assert run("--host", "studio", "--seed", "1", "--count", "3") == 0
    assert run("--host", "attic", "--seed", "4", "--count", "3") == 0
    Drains(open_lab()).drain("studio")
    assert run("--host", "attic,studio", "--seed", "1", "--count", "7") == 0
    assert servers.seeds() == [1, 2, 3, 4, 5, 6, 7]
    assert servers.drawn("studio") == 3


def test_a_file_names_several_hosts_as_experiments_do(servers: Servers, tmp_path: Path) -> None:
    for server in servers.comfy.values():
        names = server.catalogue["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
        names.append("shapeworld_base.onnx")
    aigen = create_project(open_lab(), "first", "demo") / "config" / "AIGen.yaml"
    text = aigen.read_text()
    assert "host: embedded" in text
    aigen.write_text(text.replace("host: embedded", "host: [studio, attic]"))
    servers.dies_at("attic", 1)
    servers.waits_for("studio", "attic")
    said: list[str] = []
    asked = GenerateParams(project="first", prompt="a cat", count=4)
    report = order(asked, lambda: 1, said=said.append)
    assert (len(report.images), report.failed) == (4, [])
    assert said[0].startswith("attic failed, its work goes to studio: ")
    assert set(said) <= set(report.notes)
    assert drawn_by(tmp_path) == {"studio": 4}


def test_memory_that_ran_out_is_freed_where_it_ran_out(servers: Servers, tmp_path: Path) -> None:
    ran_out = threading.Event()

    def work(server: ComfyServer, job: Job) -> None:
        server.work = draw
        facts = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
        end_badly(server, job, "execution_error", node_id="3", **facts)
        ran_out.set()

    def draws_after_that(server: ComfyServer, job: Job) -> None:
        assert ran_out.wait(60)
        draw(server, job)

    servers.comfy["studio"].work = work
    servers.comfy["attic"].work = draws_after_that
    assert run("--host", "studio,attic", "--seed", "1", "--count", "6") == 0
    assert len(sidecars(tmp_path)) == 6
    assert servers.comfy["studio"].count("POST /free") == 1


def test_without_metadata_one_of_the_hosts_draws(servers: Servers, tmp_path: Path) -> None:
    command = ["--host", "studio,attic", "--no-metadata", "--output", "o", "--count", "2"]
    assert run(*command) == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "image_001.png",
        "image_002.png",
    ]


def test_a_series_goes_on_elsewhere_when_its_host_dies(servers: Servers, tmp_path: Path) -> None:
    request = Request(workflow=WORKFLOW, host="studio,attic", seed=1)
    servers.dies_at("studio", 2)
    servers.dies_at("attic", 9)
    asked = Asked(threshold=10.0, max_attempts=4, strategy="seed_search")
    with Refining(request, asked, Telling()) as work:
        while isinstance(step := work.decide(), Draw):
            work.attempt(step)
        result = work.close(step)
    assert (result.status, [line.failure for line in result.attempts]) == (
        "best_effort",
        [None] * 4,
    )
    hosts = [one["engine"]["host"] for one in sidecars(tmp_path)]
    told = any(text.startswith("studio failed, its work goes to attic") for text in result.notes)
    assert told or "studio" not in hosts
    assert hosts in (["studio", "attic", "attic", "attic"], ["attic"] * 4)


@pytest.mark.slow
def test_a_command_that_is_killed_again_and_again_draws_nothing_twice(
    servers: Servers, tmp_path: Path
) -> None:
    words = ["generate", "--workflow", WORKFLOW, "--host", "any", "--seed", "1", "--count", "12"]
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", MAIN, *words]

    def work(server: ComfyServer, job: Job) -> None:
        time.sleep(0.02)
        draw(server, job)

    for server in servers.comfy.values():
        server.work = work
    for count in (3, 8):
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(root)}) as process:
            until(lambda count=count: len(servers.seeds()) >= count)
            process.kill()
        servers.hear_out_the_dead()  # nobody can know of what is still on its way
    assert cli.main(words) == 0
    assert servers.seeds() == list(range(1, 13))
    assert sorted(one["parameters"]["seed"] for one in sidecars(tmp_path)) == servers.seeds()
