"""`darkroom generate`, as a person types it, against a scripted ComfyUI."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from darkroom.adapters.project_creation import create_project
from darkroom.adapters.settings import open_lab
from darkroom.apps import cli, console
from darkroom.apps.cli import generate
from tests.fakes.comfy_server import (
    ComfyServer,
    Fault,
    Job,
    draw,
    end_badly,
    hold,
    png,
    running_server,
)
from tests.fakes.until import until
from tests.fakes.workflows import FOLDER, document

WORKFLOW = ["--workflow", str(FOLDER / "api" / "sd15_txt2img.json")]
IMG2IMG = ["--workflow", str(FOLDER / "api" / "sd15_img2img.json")]


@pytest.fixture
def comfy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComfyServer]:
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        (tmp_path / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {url}\n")
        monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
        monkeypatch.chdir(tmp_path)
        yield server


@pytest.fixture(autouse=True)
def _only_this_command(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    generate.register(app)
    monkeypatch.setattr(cli, "app", app)
    console.configure(as_json=False, verbose=False)


def sidecars(folder: Path) -> list[dict[str, Any]]:
    found = sorted(folder.glob("projects/*/working/*/images/*.json"))
    return [json.loads(path.read_text()) for path in found]


def node_class(output: str, **required: list[str]) -> dict[str, Any]:
    return {"input": {"required": required}, "output": [output], "output_node": False}


def run(*arguments: str) -> int:
    return cli.main(["generate", *WORKFLOW, *arguments])


def test_it_says_where_image_and_metadata_are(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--prompt", "a red chair", "--seed", "7") == 0
    image, metadata = capsys.readouterr().out.splitlines()
    assert image.startswith("[OK] Image available at: file://")
    assert metadata == f"[OK] Metadata available at: {image.split()[-1]}.json"
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["input"]["prompt"] == "a red chair"
    assert sidecar["parameters"]["seed"] == 7
    assert sidecar["workflow"]["name"] == "sd15_txt2img.json"


def test_every_flag_reaches_the_graph(comfy: ComfyServer, tmp_path: Path) -> None:
    flags = {"--steps": "9", "--cfg": "3.5", "--sampler": "euler", "--scheduler": "karras"}
    words = [word for pair in flags.items() for word in pair]
    assert run("--negative-prompt", "blur", "--seed", "1", "--test", *words) == 0
    (sidecar,) = sidecars(tmp_path)
    told = sidecar["parameters"]
    assert (told["steps"], told["cfg"], told["sampler"]) == (9, 3.5, "euler")
    assert sidecar["input"]["negative_prompt"] == "blur"
    assert sidecar["is_test"]
    sampler = next(n for n in comfy.posts[0]["prompt"].values() if n["class_type"] == "KSampler")
    assert sampler["inputs"]["scheduler"] == "karras"


def test_a_preset_stands_below_the_flags(comfy: ComfyServer, tmp_path: Path) -> None:
    assert run("--preset", "draft", "--cfg", "2.5") == 0
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["input"]["preset"] == "draft"
    assert sidecar["parameters"]["cfg"] == 2.5
    assert sidecar["parameters"]["steps"] != 25


def test_loras_and_single_settings(comfy: ComfyServer, tmp_path: Path) -> None:
    names = document("object_info")["LoraLoader"]["input"]["required"]["lora_name"][0]
    assert run("--lora", f"{names[0]}:0.7", "--set", "KSampler.steps=3") == 0
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["parameters"]["loras"] == [
        {"name": names[0], "strength": 0.7, "strength_clip": 0.7}
    ]
    assert sidecar["parameters"]["steps"] == 3


@pytest.mark.parametrize("seed", [[], ["--seed", "-1"]])
def test_a_seed_that_is_not_given_is_drawn_and_recorded(
    comfy: ComfyServer, tmp_path: Path, seed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*seed) == 0
    (sidecar,) = sidecars(tmp_path)
    drawn = sidecar["parameters"]["seed"]
    assert 0 <= drawn < 2**53
    assert f"--seed {drawn}" in capsys.readouterr().err


def test_a_graph_without_a_seed_gets_none_and_none_is_said_to_be_drawn(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comfy.catalogue |= {"EmptyImage": node_class("IMAGE", width=["INT"], height=["INT"])}
    plain = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    (tmp_path / "plain.json").write_text(json.dumps(plain))
    command = ["generate", "--workflow", "plain.json"]
    assert cli.main([*command, "--seed", "4"]) == 2
    assert "no place for seed" in capsys.readouterr().err
    assert comfy.posts == []
    assert cli.main(command) == 0
    assert "the seed was drawn" not in capsys.readouterr().err


def test_several_images_count_the_seed_up(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--seed", "18446744073709551615", "--count", "3", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert [one["seed"] for one in made] == [2**64 - 1, 0, 1]


def test_the_same_command_draws_nothing_twice(
    comfy: ComfyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--seed", "5", "--count", "2") == 0
    posts = len(comfy.posts)
    assert run("--seed", "5", "--count", "2") == 0
    assert len(comfy.posts) == posts
    assert "was drawn before" in capsys.readouterr().err


def test_at_most_two_of_many_are_on_the_server(comfy: ComfyServer) -> None:
    most = 0

    def counting(server: ComfyServer, job: Job) -> None:
        nonlocal most
        if len(server.history) == 0:
            until(lambda: len(server.posts) > 1)
        time.sleep(0.01)  # a third one would have time to come
        most = max(most, len(server.pending) + 1)
        draw(server, job)

    comfy.work = counting
    assert run("--count", "12") == 0
    assert most == 2


@pytest.mark.parametrize(
    ("output", "files"),
    [
        (["--output", "a.png"], ["a.png", "a.png.json"]),
        (["--output", "out"], ["image_001.png", "image_001.png.json"]),
        (
            ["--output", "b.png", "--count", "2"],
            ["b_001.png", "b_001.png.json", "b_002.png", "b_002.png.json"],
        ),
    ],
)
def test_copies_go_where_asked(
    comfy: ComfyServer, tmp_path: Path, output: list[str], files: list[str]
) -> None:
    assert run(*output) == 0
    for name in files:
        folder = tmp_path / "out" if name.startswith("image") else tmp_path
        assert (folder / name).stat().st_size > 50


def test_no_file_is_overwritten(comfy: ComfyServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("mine")
    assert run("--output", "a.png") == 2
    assert comfy.posts == []


def test_without_metadata_only_the_file_is_written(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--no-metadata", "--output", "bare.png") == 0
    assert capsys.readouterr().out == "[OK] Image available at: bare.png\n"
    assert not (tmp_path / "projects").exists()
    assert not (tmp_path / "bare.png.json").exists()


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("execution_error", ": error: "),
        ("execution_interrupted", ": cancelled: it was stopped on the server"),
    ],
)
def test_without_metadata_an_image_that_fails_is_an_error_that_says_why(
    comfy: ComfyServer, capsys: pytest.CaptureFixture[str], ending: str, said: str
) -> None:
    comfy.work = lambda server, job: end_badly(server, job, ending, node_id="3")
    assert run("--no-metadata", "--output", "bare.png") == 3
    assert f"[image-undrawn]{said}" in capsys.readouterr().err


def test_an_input_image_is_sent_and_named_as_parent(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comfy.catalogue |= {
        "RepeatLatentBatch": node_class("LATENT", samples=["LATENT"], amount=["INT"]),
        "CLIPSetLastLayer": node_class("CLIP", clip=["CLIP"], stop_at_clip_layer=["INT"]),
    }
    (tmp_path / "chair.png").write_bytes(png())
    assert cli.main(["generate", *IMG2IMG, "--input", "chair.png", "--seed", "1"]) == 0
    (sidecar,) = sidecars(tmp_path)
    assert len(sidecar["parents"]) == 1
    assert comfy.count("POST /upload/image") == 1
    assert cli.main(["generate", *IMG2IMG, "--input", "darkroom.yaml"]) == 4
    assert "at darkroom.yaml" in capsys.readouterr().err
    command = ["generate", *IMG2IMG, "--input", "chair.png", "--no-metadata", "--output", "x.png"]
    assert cli.main(command) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sampler", "eular"], "did you mean 'euler'"),
        (["--count", "0"], "1 to"),
        (["--no-metadata"], "--output"),
        (["--preset", "drift"], "did you mean 'draft'"),
        (["--preset", "zzzz"], "there are"),
        (["--host", "studoi"], "did you mean 'studio'"),
        (["--host", "zzzz"], "there are studio"),
        (["--host", "https://a/b"], "only http"),
        (["--set", "KSampler.seed=4", "--count", "2"], "--set fixes the seed"),
        (["--set", "KSampler.stepz=4"], "did you mean 'steps'"),
        (["--input", "darkroom.yaml"], "starts from no image"),
        (["--cfg", "-3"], "cfg must be"),
        (["--seed", "18446744073709551616"], "seed must be"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    comfy: ComfyServer,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err
    assert comfy.posts == []


def test_an_unknown_workflow_name_gets_the_nearest(
    comfy: ComfyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "--workflow", "txt2img_apy.json"]) == 2
    assert "did you mean 'txt2img_api.json'" in capsys.readouterr().err


def test_memory_that_runs_out_is_freed_and_tried_once_more(
    comfy: ComfyServer, tmp_path: Path
) -> None:
    attempts: list[str] = []

    def once(server: ComfyServer, job: Job) -> None:
        attempts.append(job.prompt_id)
        if len(attempts) == 1:
            kind = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
            end_badly(server, job, "execution_error", node_id="3", **kind)
        else:
            draw(server, job)

    comfy.work = once
    assert run("--seed", "3") == 0
    assert comfy.count("freed") == 1
    assert len(sidecars(tmp_path)) == 1


def test_memory_that_keeps_running_out_ends(comfy: ComfyServer) -> None:
    kind = {"exception_type": "torch.OutOfMemoryError", "exception_message": "x"}
    comfy.work = lambda server, job: end_badly(server, job, "execution_error", node_id="3", **kind)
    assert run("--seed", "3") == 3
    assert len(comfy.posts) == 2


def test_one_failure_costs_no_other_image(
    comfy: ComfyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[Job] = []

    def second_fails(server: ComfyServer, job: Job) -> None:
        begun.append(job)
        if len(begun) == 2:
            end_badly(server, job, "execution_error", node_id="3", exception_message="no")
        else:
            draw(server, job)

    comfy.work = second_fails
    assert run("--count", "4") == 3
    assert "(1 of 4 images failed)" in capsys.readouterr().err
    assert len(sidecars(tmp_path)) == 3


def test_a_server_that_is_away_is_exit_code_3(comfy: ComfyServer) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 9)
    assert run() == 3


def test_ctrl_c_cancels_on_the_server_and_the_command_goes_on_later(
    comfy: ComfyServer, tmp_path: Path
) -> None:
    def first_then_hold(server: ComfyServer, job: Job) -> None:
        (draw if len(server.history) < 1 else hold)(server, job)

    comfy.work = first_then_hold

    def interrupt() -> None:
        until(lambda: len(comfy.posts) > 2)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert run("--seed", "1", "--count", "4") == 130
    assert comfy.pending == []
    assert len(sidecars(tmp_path)) == 1
    comfy.work = draw
    assert run("--seed", "1", "--count", "4") == 0
    assert len(sidecars(tmp_path)) == 4


def test_ctrl_c_without_metadata_cancels_as_well(comfy: ComfyServer) -> None:
    comfy.work = hold

    def interrupt() -> None:
        until(lambda: comfy.running is not None)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert run("--no-metadata", "--output", "x.png") == 130
    until(lambda: comfy.running is None)


def test_a_project_gives_workflow_values_and_place(comfy: ComfyServer, tmp_path: Path) -> None:
    names = comfy.catalogue["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
    names.append("shapeworld_base.onnx")
    create_project(open_lab(), "first", "demo")
    command = ["generate", "--project", "first", "--host", "studio", "--seed", "4"]
    assert cli.main(command) == 0
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["identity"]["project"] == "first"
    assert sidecar["workflow"]["model"] == "shapeworld_base.onnx"
    assert sidecar["parameters"]["cfg"] == 3.0
    assert "pink cross" in sidecar["input"]["prompt"]


def test_a_seed_the_project_fixes_is_used(comfy: ComfyServer, tmp_path: Path) -> None:
    names = comfy.catalogue["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
    names.append("shapeworld_base.onnx")
    aigen = create_project(open_lab(), "first", "demo") / "config" / "AIGen.yaml"
    aigen.write_text(aigen.read_text().replace("seed: null", "seed: 99"))
    assert cli.main(["generate", "--project", "first", "--host", "studio"]) == 0
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["parameters"]["seed"] == 99


def test_a_server_told_by_its_address_draws_under_its_name(
    comfy: ComfyServer, tmp_path: Path
) -> None:
    url = (tmp_path / "darkroom.yaml").read_text().split()[-1]
    assert run("--host", url) == 0
    assert run("--host", url.removeprefix("http://")) == 0
    assert {one["engine"]["host"] for one in sidecars(tmp_path)} == {"studio"}
