"""What `darkroom doctor` finds, with a scripted server and projects of its own."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from darkroom.adapters.doctor import Check, examine, exit_code, machine, neighbours
from darkroom.adapters.doctor.findings import failed, passed
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.settings import open_lab
from darkroom.apps import cli, console
from darkroom.apps.cli import doctor
from tests.fakes.comfy_server import ComfyServer, Fault, running_server
from tests.fakes.image_files import png
from tests.fakes.workflows import document


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is slow to answer, on a machine that stands still, is not away."""
    monkeypatch.setattr(neighbours, "TIMING", replace(neighbours.TIMING, connect_s=60, read_s=60))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ComfyServer, str]]:
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        server.catalogue["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [
            ["sd_xl_base_1.0.safetensors", "shapeworld_base.onnx"]
        ]
        (tmp_path / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {url}\n")
        monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
        for name in ("OPENROUTER_API_KEY", "PREFECT_API_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)
        yield server, url


@pytest.fixture
def comfy(served: tuple[ComfyServer, str]) -> ComfyServer:
    return served[0]


@pytest.fixture
def project(comfy: ComfyServer) -> Path:
    """A project that draws on the scripted server and is judged by measuring."""
    folder = create_project(open_lab(), "first", "demo")
    aigen = folder / "config" / "AIGen.yaml"
    aigen.write_text(aigen.read_text().replace("host: embedded", "host: studio"))
    return folder


def found(name: str, checks: tuple[Check, ...]) -> list[Check]:
    return [check for check in checks if check.name == name]


def test_a_machine_where_all_is_well(comfy: ComfyServer, project: Path) -> None:
    checks = examine("first")
    assert [check for check in checks if check.status != "ok"] == []
    assert exit_code(checks) == 0
    (host,) = found("host studio", checks)
    assert "comfyui 0.33.0 on cpu" in host.said


def test_every_failure_has_a_remedy(comfy: ComfyServer, project: Path) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 9)
    comfy.catalogue.pop("KSampler")
    wrong = [check for check in examine("first") if check.status != "ok"]
    assert len(wrong) >= 2
    assert all(check.remedy for check in wrong)


def test_a_server_that_is_away_is_exit_code_3(comfy: ComfyServer) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 9)
    checks = examine()
    assert found("host studio", checks)[0].status == "failed"
    assert exit_code(checks) == 3


def test_a_dead_worker_is_told(comfy: ComfyServer) -> None:
    comfy.is_worker_dead = True
    comfy.queue_prompt({"prompt": {}, "prompt_id": "a"})
    (host,) = found("host studio", examine())
    assert host.status == "warning"
    assert "restart the server" in host.remedy


def test_a_workflow_the_server_cannot_run_is_exit_code_2(comfy: ComfyServer, project: Path) -> None:
    comfy.catalogue["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [
        ["shapeworld-base.onnx"]
    ]
    checks = examine("first")
    (workflow,) = found("workflow on studio", checks)
    assert workflow.remedy == "use 'shapeworld-base.onnx'"
    assert exit_code(checks) == 2


def test_the_workflow_of_a_server_that_is_away_cannot_be_compared(
    comfy: ComfyServer, project: Path
) -> None:
    comfy.fail("GET /object_info", *[Fault(drops=True)] * 9)
    (workflow,) = found("workflow on studio", examine("first"))
    assert workflow.is_outside


def test_a_mistake_in_a_project_is_told_with_its_line(comfy: ComfyServer, project: Path) -> None:
    with (project / "config" / "AIGen.yaml").open("a") as file:
        file.write("nonsense: 3\n")
    checks = examine("first")
    (problem,) = found("project first", checks)
    assert "nonsense" in problem.said
    assert exit_code(checks) == 2


def test_an_unknown_project_is_told(comfy: ComfyServer) -> None:
    assert exit_code(examine("nope")) == 2


def test_a_mistake_in_darkroom_yaml_is_told(comfy: ComfyServer, tmp_path: Path) -> None:
    (tmp_path / "darkroom.yaml").write_text("stoer:\n  kind: folder\n")
    (problem,) = found("configuration", examine())
    assert problem.status == "failed"


def test_a_store_that_cannot_be_written_is_told(comfy: ComfyServer, tmp_path: Path) -> None:
    (tmp_path / "projects").write_text("a file where the folder belongs")
    (store,) = found("store", examine())
    assert store.status == "failed"


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        ("provider: embedded", "ok", "measures"),
        ("provider: openrouter\nmodel: some/model", "failed", "no key"),
        ("provider: ollama\nmodel: llava\nbase_url: {url}", "ok", "answers"),
        ("provider: ollama\nmodel: llava\nbase_url: http://127.0.0.1:9", "failed", "answer"),
    ],
)
def test_the_vision_provider(
    served: tuple[ComfyServer, str], project: Path, lines: str, status: str, said: str
) -> None:
    (project / "config" / "AIVis.yaml").write_text(f"{lines.format(url=served[1])}\n")
    (vision,) = [check for check in examine("first") if check.name.startswith("vision")]
    assert vision.status == status
    assert said in vision.said


def test_a_project_with_an_input_image_is_compared_as_it_would_be_sent(
    comfy: ComfyServer,
) -> None:
    folder = create_project(open_lab(), "second")
    (folder / "input").mkdir(exist_ok=True)
    for old in (folder / "input").iterdir():
        old.unlink()
    (folder / "input" / "input.png").write_bytes(png())
    aigen = folder / "config" / "AIGen.yaml"
    aigen.write_text(aigen.read_text() + "\n")
    text = aigen.read_text()
    aigen.write_text(text.replace("host: localhost", "host: studio"))
    names = {check.name: check.status for check in examine("second")}
    assert names["project second"] == "ok"
    assert names["workflow on studio"] in {"ok", "warning"}


def test_a_package_of_the_wrong_version_is_told(
    comfy: ComfyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version", lambda name: {"fastapi": "0.151.0"}.get(name, "1.5.5"))
    (fastapi,) = found("fastapi", tuple(machine.machine_checks()))
    assert fastapi.said == "0.151.0 does not fit: 0.139 or newer, below 0.151"


def test_a_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise machine.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", absent)
    (prefect,) = found("prefect", tuple(machine.machine_checks()))
    assert prefect.said == "is not installed"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"whole", "1 files"), (b"half", "damaged: a.onnx"), (None, "cannot be read")],
)
def test_weights_are_compared_with_their_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    folder = tmp_path / "engine" / "weights"
    folder.mkdir(parents=True)
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'whole').hexdigest()}  a.onnx\n")
    if content is not None:
        (folder / "a.onnx").write_bytes(content)
    monkeypatch.setattr(machine, "files", lambda _name: tmp_path)
    (weights,) = found("weights", tuple(machine.machine_checks()))
    assert said in weights.said


def test_our_own_mistakes_come_before_what_is_away() -> None:
    away = Check("a", "failed", "", is_outside=True)
    assert exit_code([passed("x", ""), away]) == 3
    assert exit_code([failed("x", "", ""), away]) == 2


@pytest.fixture
def _command(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    doctor.register(app)
    monkeypatch.setattr(cli, "app", app)


@pytest.mark.usefixtures("_command", "comfy")
def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["what", "found", "what", "to", "do"]
    assert first.startswith("ok  python")


@pytest.mark.usefixtures("_command")
def test_the_command_speaks_json(comfy: ComfyServer, capsys: pytest.CaptureFixture[str]) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 9)
    assert cli.main(["doctor", "--json"]) == 3
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "status", "said", "remedy"} <= set(rows[0])
    console.configure(as_json=False, verbose=False)


def test_of_several_hosts_one_that_is_away_is_named_and_no_failure(
    comfy: ComfyServer, project: Path, tmp_path: Path
) -> None:
    told = tmp_path / "darkroom.yaml"
    told.write_text(f'{told.read_text().rstrip()}\n  attic:\n    url: "http://127.0.0.1:9"\n')
    aigen = project / "config" / "AIGen.yaml"
    aigen.write_text(aigen.read_text().replace("host: studio", "host: [studio, attic]"))
    checks = examine("first")
    assert {check.status for check in found("workflow on studio", checks)} <= {"ok", "warning"}
    assert [check.status for check in found("workflow on attic", checks)] == ["warning"]
    assert [check.status for check in found("host attic", checks)] == ["warning"]
