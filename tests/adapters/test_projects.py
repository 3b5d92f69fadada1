"""Projects are listed, checked and opened; nothing outside them is touched."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.project_content import find_input, shown_path, workflow_names
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.projects import (
    check_project,
    check_projects,
    list_projects,
    open_project,
    project_names,
    strangers,
)
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.shipped import shipped
from darkroom.core.errors import ConfigError, UsageError

CANARY = "sk-canary-4815162342"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(environ={}, cwd=tmp_path)


@pytest.fixture
def folder(lab: Lab) -> Path:
    return create_project(lab, "mine", "demo")


def aigen(folder: Path, **values: Any) -> None:
    path = folder / "config" / "AIGen.yaml"
    path.write_text(json.dumps({"model": {"ckpt_name": "m"}, **values}), encoding="utf-8")


def told(lab: Lab, name: str = "mine") -> str:
    return "\n".join(str(problem) for problem in check_project(lab, name).problems)


@pytest.mark.parametrize("source", [None, "demo"])
def test_a_new_project_has_no_mistakes(lab: Lab, source: str | None) -> None:
    create_project(lab, "fresh", source)
    found = check_project(lab, "fresh")
    assert (found.problems, found.warnings) == ((), ())
    project = open_project(lab, "fresh")
    assert project.name == "fresh"
    assert project.workflow.needs_image is (source is None)
    assert (project.input_image is not None) is (source is None)


@pytest.mark.parametrize(
    "written",
    [
        "workflows/txt2img_api.json",
        "workflow/txt2img_api.json",
        "defaults/workflow/txt2img_api.json",
        "./workflow/txt2img_api.json",
        "workflows\\txt2img_api.json",
    ],
)
def test_shipped_workflows_are_found_under_either_name(
    lab: Lab, folder: Path, written: str
) -> None:
    aigen(folder, workflow_file=written, prompts={"positive": "x"})
    project = open_project(lab, "mine")
    assert shown_path(project.workflow.path, folder) == "defaults/workflows/txt2img_api.json"


def test_the_projects_own_workflow_comes_first(lab: Lab, folder: Path) -> None:
    (folder / "workflow").mkdir()
    own = folder / "workflow" / "txt2img_api.json"
    own.write_bytes(shipped("workflows/txt2img_api.json").read_bytes())
    aigen(folder, workflow_file="workflows/txt2img_api.json")
    path = open_project(lab, "mine").workflow.path
    assert shown_path(path, folder) == "workflow/txt2img_api.json"
    assert "txt2img_api.json" in workflow_names(folder)


@pytest.mark.parametrize(
    "written",
    [
        "../../secret.json",
        "workflows/../../../secret.json",
        "/etc/passwd",
        "linked.json",
        "linked-folder/secret.json",
        "..\\..\\secret.json",
    ],
)
def test_workflows_outside_are_refused(lab: Lab, folder: Path, written: str) -> None:
    secret = folder.parents[1] / "secret.json"
    secret.write_text('{"canary": 1}', encoding="utf-8")
    (folder / "linked.json").symlink_to(secret)
    (folder / "linked-folder").symlink_to(folder.parents[1])
    aigen(folder, workflow_file=written)
    text = told(lab)
    assert "workflow_file" in text
    assert "leads out of the project and the defaults" in text
    assert "canary" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "a graph is an object"),
        ('{"nodes": []}', "editor's own format"),
        ('{"1": {}}', "has no class_type"),
        ("{}", "no nodes"),
    ],
)
def test_workflows_that_are_none(lab: Lab, folder: Path, text: str, message: str) -> None:
    (folder / "w.json").write_text(text, encoding="utf-8")
    aigen(folder, workflow_file="w.json")
    assert message in told(lab)
    assert "mine/config/AIGen.yaml:1: workflow_file: 'w.json'" in told(lab)


def test_a_workflow_that_is_nowhere_names_the_nearest(lab: Lab, folder: Path) -> None:
    aigen(folder, workflow_file="workflows/txt2image_api.json")
    assert "did you mean 'txt2img_api.json'?" in told(lab)


def test_bindings_are_held_against_the_graph(lab: Lab, folder: Path) -> None:
    aigen(folder, workflow_file="workflows/txt2img_api.json", bindings={"positive": "99.text"})
    assert "there is no node '99'" in told(lab)


def test_a_workflow_that_loads_an_image_needs_one(lab: Lab, folder: Path) -> None:
    aigen(folder, workflow_file="workflows/img2img_no_mask_api.json")
    assert "input/input.png: is missing; the workflow starts from an image" in told(lab)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n1234"])
def test_an_input_that_is_no_image_is_told(lab: Lab, folder: Path, data: bytes) -> None:
    (folder / "input").mkdir()
    (folder / "input" / "input.png").write_bytes(data)
    assert "input/input.png: is no image we accept" in told(lab)


def test_two_input_images_are_one_too_many(lab: Lab, folder: Path) -> None:
    (folder / "input").mkdir()
    for name in ("input.png", "input.jpg"):
        (folder / "input" / name).write_bytes(shipped("input/example.jpg").read_bytes())
    assert "more than one input image: input.png and input.jpg" in told(lab)


def test_an_input_that_links_out_is_refused(lab: Lab, folder: Path) -> None:
    outside = folder.parents[1] / "private.jpg"
    outside.write_bytes(shipped("input/example.jpg").read_bytes())
    (folder / "input").mkdir()
    (folder / "input" / "input.jpg").symlink_to(outside)
    assert "leads out of the project" in told(lab)


def test_an_input_in_another_format_is_found(folder: Path) -> None:
    (folder / "input").mkdir()
    (folder / "input" / "input.webp").write_bytes(b"x")
    found = find_input(folder)
    assert found is not None
    assert found.name == "input.webp"


def test_projects_are_listed_with_title_and_runs(lab: Lab, folder: Path) -> None:
    (folder / "working" / "2026-01-09_22-25-59" / "images").mkdir(parents=True)
    broken = create_project(lab, "broken")
    (broken / "config" / "rules.yaml").write_text("a: *b\n", encoding="utf-8")
    rows = [(item.name, item.title, item.runs, item.folder) for item in list_projects(lab)]
    assert rows == [
        ("broken", "(rules.yaml has mistakes)", 0, "projects/broken"),
        ("mine", "mine", 1, "projects/mine"),
    ]


def test_without_a_projects_folder_there_are_no_projects(lab: Lab) -> None:
    assert project_names(lab) == []
    assert strangers(lab) == []
    assert check_projects(lab, []) == []


def test_folders_that_are_no_projects_are_passed_over(lab: Lab, folder: Path) -> None:
    outside = folder.parents[1] / "elsewhere"
    (outside / "config").mkdir(parents=True)
    (lab.projects / "linked").symlink_to(outside)
    (lab.projects / "My Project" / "config").mkdir(parents=True)
    (lab.projects / ".new-x" / "config").mkdir(parents=True)
    (lab.projects / "notes.txt").write_text("x", encoding="utf-8")
    assert project_names(lab) == ["mine"]
    assert strangers(lab) == [
        "projects/My Project is passed over: its name is no project name",
        "projects/linked is passed over: it is a link that leads out",
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../mine", "project-name-invalid"),
        ("/etc", "project-name-invalid"),
        ("MINE", "project-name-invalid"),
        ("mien", "project-unknown"),
        ("linked", "project-outside"),
    ],
)
def test_names_that_open_no_project(lab: Lab, folder: Path, name: str, code: str) -> None:
    outside = folder.parents[1] / "elsewhere"
    (outside / "config").mkdir(parents=True)
    (lab.projects / "linked").symlink_to(outside)
    with pytest.raises(UsageError) as caught:
        check_project(lab, name)
    assert caught.value.code == code
    if name == "mien":
        assert "did you mean 'mine'?" in caught.value.message


def test_a_project_with_mistakes_cannot_be_opened(lab: Lab, folder: Path) -> None:
    (folder / "config" / "AIVis.yaml").write_text("provider: x\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        open_project(lab, "mine")


def test_a_key_in_a_project_is_used_masked_and_warned_about(lab: Lab, folder: Path) -> None:
    text = f"provider: openrouter\nmodel: m\napi_key: {CANARY}\n"
    (folder / "config" / "AIVis.yaml").write_text(text, encoding="utf-8")
    found = check_project(lab, "mine")
    assert "AIVis.yaml:3: api_key: keep keys in the environment" in found.warnings[0]
    assert found.project is not None
    secret = found.project.secrets.api_key("openrouter")
    assert secret is not None
    assert secret.get_secret_value() == CANARY
    assert CANARY not in repr(found.project.secrets) + str(found.project.aivis)
    assert CANARY not in "".join(found.warnings)
