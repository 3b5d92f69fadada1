"""`darkroom workflow`, as a person types it."""

import json
import shutil
from pathlib import Path

import pytest
import typer

from darkroom.apps import cli, console
from darkroom.apps.cli import workflow
from tests.fakes.comfy_server import running_server
from tests.fakes.image_files import chunk, png, with_chunks
from tests.fakes.workflows import FOLDER, document

TABLE = ["--object-info", str(FOLDER / "object_info.json")]


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    app.add_typer(workflow.app, name="workflow")
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.chdir(tmp_path)
    console.configure(as_json=False, verbose=False)


def _file(name: str) -> str:
    return str(FOLDER / f"{name}.json")


def test_show_prints_roles_loras_and_what_is_unparsed(capsys):
    assert cli.main(["workflow", "show", _file("api/community_loaders")]) == 0
    out = capsys.readouterr().out
    assert "a street at night" in out
    assert "clip_l.safetensors, t5.gguf" in out
    assert "flux/film.safetensors  0.65      -            3.lora_1" in out
    assert "11    KSampler //Custom            not understood  extra_noise=0.1" in out
    assert "negative  node 8 silences whatever negative text there is" in out


def test_show_prints_stages_and_other_outputs(capsys):
    assert cli.main(["workflow", "show", _file("api/hires_second_pass")]) == 0
    out = capsys.readouterr().out
    assert "kept: node 13 (SaveImage)" in out
    assert "also gives a picture: node 14 (PreviewImage)" in out
    assert "7     KSampler  6     14     8.0  euler    simple     0.5" in out


def test_show_of_a_plain_graph_has_nothing_unparsed(capsys):
    assert cli.main(["workflow", "show", _file("api/sd15_txt2img")]) == 0
    out = capsys.readouterr().out
    assert "unparsed: nothing" in out
    assert "LoRAs" not in out


def test_show_as_json_has_every_part(capsys):
    assert cli.main(["workflow", "show", _file("api/lora_chain"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    roles = {row["role"]: row["value"] for row in shown["roles"]}
    assert roles["checkpoint"] == "sd15/base-v1.safetensors"
    assert shown["loras"][0]["name"] == "style/ink.safetensors"
    assert shown["unparsed"] == []


def test_show_of_the_editors_format_needs_a_table(capsys):
    assert cli.main(["workflow", "show", _file("ui/plain")]) == 2
    assert "workflow-ui-format" in capsys.readouterr().err
    assert cli.main(["workflow", "show", _file("ui/flux_modern"), *TABLE]) == 0
    out, err = capsys.readouterr()
    assert "a fox" in out
    assert "note: DualCLIPLoader (node 11): device was not saved" in err


def test_show_reads_the_graph_inside_an_image(tmp_path: Path, capsys):
    text = b"prompt\0" + json.dumps(document("api/sd15_txt2img")).encode()
    (tmp_path / "a.png").write_bytes(with_chunks(png(), chunk(b"tEXt", text)))
    assert cli.main(["workflow", "show", "a.png"]) == 0
    assert "a lighthouse at dusk" in capsys.readouterr().out


def test_an_image_without_a_graph_is_said_to_have_none(tmp_path: Path, capsys):
    (tmp_path / "a.png").write_bytes(png())
    assert cli.main(["workflow", "show", "a.png"]) == 2
    assert "holds no graph" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "it does not exist"), (b"{", "it is not JSON"), (b"\xff", "it is not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys, content, says):
    if content is not None:
        (tmp_path / "w.json").write_bytes(content)
    assert cli.main(["workflow", "show", "w.json"]) == 2
    assert says in capsys.readouterr().err
    assert cli.main(["workflow", "show", _file("ui/plain"), "--object-info", "w.json"]) == 2
    assert says in capsys.readouterr().err


def test_convert_prints_the_graph(capsys):
    assert cli.main(["workflow", "convert", _file("ui/plain"), *TABLE]) == 0
    assert json.loads(capsys.readouterr().out) == document("expected/plain")


def test_convert_writes_a_new_file_and_never_over_an_old_one(tmp_path: Path, capsys):
    command = ["workflow", "convert", _file("ui/nested_subgraphs"), *TABLE, "--output", "out.json"]
    assert cli.main(command) == 0
    assert capsys.readouterr().out == "out.json: 16 nodes\n"
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert written == document("expected/nested_subgraphs")
    assert cli.main(command) == 2
    assert cli.main([*command[:-1], "second.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nodes"] == 16


def test_convert_refuses_with_every_reason(capsys):
    assert cli.main(["workflow", "convert", _file("ui/refused"), *TABLE]) == 2
    err = capsys.readouterr().err
    assert "'Set_model' (SetNode, node 30)" in err
    assert "'My group'" in err


def test_convert_and_check_need_a_host_or_a_table(capsys):
    for verb in ("convert", "check"):
        assert cli.main(["workflow", verb, _file("ui/plain")]) == 2
        assert "neither --object-info nor --host" in capsys.readouterr().err


def test_check_says_that_the_host_can_run_it(capsys):
    assert cli.main(["workflow", "check", _file("ui/plain"), *TABLE]) == 0
    assert capsys.readouterr().out == "the host can run it as it stands\n"


def test_check_lists_what_is_wrong_and_fails(tmp_path: Path, capsys):
    data = document("api/sd15_txt2img")
    data["4"]["inputs"]["ckpt_name"] = "sd15\\base-v1.safetensors"
    data["3"]["inputs"] |= {"seed": -1, "sampler_name": "zzz", "extra": 1}
    (tmp_path / "w.json").write_text(json.dumps(data), encoding="utf-8")
    assert cli.main(["workflow", "check", "w.json", *TABLE]) == 2
    out, err = capsys.readouterr()
    assert "sd15/base-v1.safetensors" in out
    assert "euler, euler_ancestral, heun" in out
    assert "warning   3.extra" in out
    assert "preflight-failed" in err
    assert "(and 2 more)" in err


def test_check_with_one_error_names_it_alone(tmp_path: Path, capsys):
    (tmp_path / "w.json").write_text(json.dumps(_loading("mine.png")), encoding="utf-8")
    assert cli.main(["workflow", "check", "w.json", *TABLE, "--json"]) == 2
    out, err = capsys.readouterr()
    assert [one["code"] for one in json.loads(out)] == ["file-missing"]
    assert "more)" not in json.loads(err)["error"]["message"]
    assert cli.main(["workflow", "check", "w.json", *TABLE, "--upload", "mine.png"]) == 0


def _loading(image: str) -> dict:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": image}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }


def test_a_host_is_asked_by_name_or_by_address(tmp_path: Path, capsys):
    with running_server() as (comfy, url):
        comfy.catalogue = document("object_info")
        (tmp_path / "darkroom.yaml").write_text(
            f"hosts: {{studio: {{url: '{url}'}}}}\n", encoding="utf-8"
        )
        for host in ("studio", url):
            assert cli.main(["workflow", "check", _file("ui/plain"), "--host", host]) == 0
    assert cli.main(["workflow", "check", _file("ui/plain"), "--host", "studia"]) == 2
    assert "did you mean 'studio'" in capsys.readouterr().err


def test_an_unknown_host_is_told_which_hosts_there_are(capsys):
    assert cli.main(["workflow", "check", _file("ui/plain"), "--host", "studio"]) == 2
    assert "there are embedded" in capsys.readouterr().err


def test_a_table_that_is_none_is_refused(tmp_path: Path, capsys):
    shutil.copy(_file("api/sd15_txt2img"), tmp_path / "oi.json")
    assert cli.main(["workflow", "check", _file("ui/plain"), "--object-info", "oi.json"]) == 2
    assert "workflow-object-info" in capsys.readouterr().err
