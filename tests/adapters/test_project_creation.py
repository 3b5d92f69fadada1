"""A project appears whole or not at all, and only with what it should hold."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters import project_creation
from darkroom.adapters.images import decode
from darkroom.adapters.project_creation import create_project
from darkroom.adapters.projects import open_project, project_names
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.config.slugs import is_slug
from darkroom.core.errors import OutsideError, UsageError


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(environ={}, cwd=tmp_path)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def names(lab: Lab) -> list[str]:
    return sorted(path.name for path in lab.projects.iterdir())


def test_a_new_project_is_a_copy_of_the_defaults(lab: Lab) -> None:
    folder = create_project(lab, "suit")
    assert folder == lab.projects / "suit"
    assert files(folder) == {
        "config/AIGen.yaml",
        "config/AIVis.yaml",
        "config/rules.yaml",
        "config/rules_guidelines.md",
        "input/example.jpg",
        "input/input.png",
        "workflows/img2img_no_mask_api.json",
        "workflows/txt2img_api.json",
    }
    image = decode((folder / "input" / "input.png").read_bytes())
    assert (image.mime, image.width, image.height) == ("image/png", 768, 768)


@pytest.mark.parametrize("name", ["suit", "no", "012", "1e3", "null"])
def test_the_title_is_the_projects_name_whatever_yaml_makes_of_it(lab: Lab, name: str) -> None:
    create_project(lab, name)
    assert open_project(lab, name).rules.project.name == name


def test_the_demo_needs_no_project_called_demo(lab: Lab) -> None:
    folder = create_project(lab, "demo", "demo")
    assert files(folder) == {
        "config/AIGen.yaml",
        "config/AIVis.yaml",
        "config/rules.yaml",
        "experiments/first.yaml",
    }
    assert open_project(lab, "demo").aigen.comfyui.is_embedded


def test_a_copy_of_a_project_leaves_behind_what_runs_made(lab: Lab) -> None:
    folder = create_project(lab, "first")
    for name in ("working/2026-01-09_22-25-59/x.png", "output/output.png", "logs/app.log", ".env"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    (folder / "config" / ".secret").write_text("x", encoding="utf-8")
    (folder / "presets").mkdir()
    (folder / "presets" / "own.yaml").write_text("parameters: {steps: 3}\n", encoding="utf-8")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    copy = create_project(lab, "second", "first")
    untouched = {name for name in files(folder) if name.split("/")[0] in project_creation._PARTS}
    assert files(copy) == untouched - {"config/.secret"}
    assert open_project(lab, "second").rules.project.name == "second"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("project:\n  name: >-\n    long\n    title\n", True),
        ("project: {name: flow}\n", True),
        ("project:\n  name: old # why\n", False),
        ("questions: []\n", True),
        ("project: *x\n", True),
    ],
)
def test_a_title_is_replaced_only_where_that_is_safe(lab: Lab, text: str, kept: bool) -> None:
    rules = create_project(lab, "first") / "config" / "rules.yaml"
    rules.write_text(text, encoding="utf-8")
    copied = create_project(lab, "second", "first") / "config" / "rules.yaml"
    assert (copied.read_text(encoding="utf-8") == text) is kept


def test_a_project_without_rules_can_still_be_copied(lab: Lab) -> None:
    (create_project(lab, "first") / "config" / "rules.yaml").unlink()
    assert "config/rules.yaml" not in files(create_project(lab, "second", "first"))


def test_a_taken_name_is_refused_and_left_as_it_is(lab: Lab) -> None:
    folder = create_project(lab, "mine")
    (folder / "config" / "rules.yaml").write_text("mine", encoding="utf-8")
    (lab.projects / "link").symlink_to("nowhere")
    (lab.projects / "file").write_text("x", encoding="utf-8")
    for name in ("mine", "link", "file"):
        with pytest.raises(UsageError) as caught:
            create_project(lab, name)
        assert caught.value.code == "project-exists"
    assert (folder / "config" / "rules.yaml").read_text(encoding="utf-8") == "mine"
    assert names(lab) == ["file", "link", "mine"]


def test_of_two_who_create_the_same_project_one_is_refused(lab: Lab) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            create_project(lab, "mine", "demo")
            outcomes.append("made")
        except UsageError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", *["project-exists"] * 3]
    assert names(lab) == ["mine"]


def test_links_in_a_project_are_not_copied(lab: Lab, tmp_path: Path) -> None:
    folder = create_project(lab, "first", "demo")
    (tmp_path / "private").write_text("canary", encoding="utf-8")
    (folder / "config" / "link.txt").symlink_to(tmp_path / "private")
    with pytest.raises(UsageError) as caught:
        create_project(lab, "second", "first")
    assert caught.value.code == "project-link"
    assert names(lab) == ["first"]


def test_a_pipe_in_a_project_is_not_waited_for(lab: Lab) -> None:
    folder = create_project(lab, "first", "demo")
    os.mkfifo(folder / "config" / "pipe")
    with pytest.raises(UsageError) as caught:
        create_project(lab, "second", "first")
    assert "no regular file" in caught.value.message


def test_a_file_too_large_to_copy_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    create_project(lab, "first", "demo")
    monkeypatch.setattr(project_creation, "MAX_BYTES", 10)
    with pytest.raises(UsageError, match="10 are allowed"):
        create_project(lab, "second", "first")


def test_a_place_that_cannot_be_written_is_told(lab: Lab) -> None:
    lab.projects.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(OutsideError) as caught:
        create_project(lab, "mine")
    assert caught.value.code == "project-not-written"


def test_a_failure_half_way_leaves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(project_creation, "_retitle", full)
    with pytest.raises(OutsideError, match="No space left"):
        create_project(lab, "mine", "demo")
    assert names(lab) == []


@given(st.text(max_size=12))
def test_no_name_makes_anything_outside_the_projects_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    if is_slug(name):
        return
    root = tmp_path_factory.getbasetemp() / "untouched"
    lab = open_lab(environ={}, cwd=root)
    with pytest.raises(UsageError):
        create_project(lab, name, "demo")
    assert not root.exists()


def test_the_copied_project_must_exist(lab: Lab) -> None:
    with pytest.raises(UsageError) as caught:
        create_project(lab, "second", "first")
    assert caught.value.code == "project-unknown"
    assert project_names(lab) == []
