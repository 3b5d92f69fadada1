"""What is shipped is right by our own rules, and enough to start with."""

import json
from pathlib import Path

import pytest

from darkroom.adapters.images import decode
from darkroom.adapters.project_layers import load_rules
from darkroom.adapters.projects import check_project
from darkroom.adapters.settings import open_lab
from darkroom.adapters.shipped import defaults_folder, label, shipped
from darkroom.adapters.yaml_files import load_yaml
from darkroom.core.config.checking import checked
from darkroom.core.config.parameters import Preset
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.world import vocabulary

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted(defaults_folder().glob("rules/*.yaml"))
PRESETS = sorted(defaults_folder().glob("presets/*.yaml"))
DEMO = ("rules.yaml", "AIGen.yaml", "AIVis.yaml")


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_example_rules_have_no_mistakes(path: Path) -> None:
    rules = load_rules(path, label(f"rules/{path.name}"))
    assert len(rules.acceptance_criteria) >= 4
    assert rules.project.name


def test_there_are_several_examples() -> None:
    assert len(RULES) >= 4
    assert len(PRESETS) >= 3


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_have_no_mistakes(path: Path) -> None:
    preset, problems = checked(Preset, load_yaml(path, path.name))
    assert problems == ()
    assert preset is not None
    assert preset.description


def test_the_default_rules_change_clothes_and_preserve_the_rest() -> None:
    rules = load_rules(shipped("config/rules.yaml"), label("config/rules.yaml"))
    kept = {c.field for c in rules.acceptance_criteria if c.intent == "preserve"}
    changed = {c.field for c in rules.acceptance_criteria if c.intent == "change"}
    assert {"same_person", "same_pose", "same_background"} <= kept
    assert "wears_suit_jacket" in changed
    assert {question.type for question in rules.questions} == {
        "string",
        "number",
        "integer",
        "array",
    }


def test_every_prompt_is_shipped() -> None:
    templates, problems = checked(
        PromptTemplates, load_yaml(shipped("prompts.yaml"), "prompts.yaml")
    )
    assert problems == ()
    assert templates is not None


def test_the_image_to_image_workflow_has_the_node_ids_of_old() -> None:
    graph = json.loads(shipped("workflows/img2img_no_mask_api.json").read_text(encoding="utf-8"))
    assert {node: graph[node]["class_type"] for node in graph} == {
        "1": "CheckpointLoaderSimple",
        "3": "KSampler",
        "4": "LoadImage",
        "5": "VAEEncode",
        "6": "VAEDecode",
        "7": "SaveImage",
        "9": "CLIPTextEncode",
        "10": "CLIPTextEncode",
    }
    assert graph["3"]["inputs"]["positive"] == ["9", 0]
    assert graph["3"]["inputs"]["negative"] == ["10", 0]


def test_the_example_image_is_a_small_jpeg() -> None:
    data = shipped("input/example.jpg").read_bytes()
    image = decode(data)
    assert (image.mime, image.width, image.height) == ("image/jpeg", 768, 768)
    assert len(data) < 150_000


@pytest.mark.parametrize("name", DEMO)
def test_the_committed_demo_is_the_shipped_one(name: str) -> None:
    committed = ROOT / "projects" / "demo" / "config" / name
    assert committed.read_bytes() == shipped(f"demo/config/{name}").read_bytes()


def test_the_demo_is_right_and_runs_without_a_network() -> None:
    found = check_project(open_lab(environ={}, cwd=ROOT), "demo")
    assert found.problems == ()
    project = found.project
    assert project is not None
    assert project.aigen.comfyui.is_embedded
    assert project.aivis.provider == "embedded"
    assert not project.workflow.needs_image
    assert 5 <= len(project.rules.acceptance_criteria) <= 8
    assert project.rules.project.max_iterations == 10


def test_the_demo_speaks_only_the_words_of_the_shape_world() -> None:
    project = check_project(open_lab(environ={}, cwd=ROOT), "demo").project
    assert project is not None
    known = {*vocabulary.COLOURS, *vocabulary.SHAPES, *vocabulary.SIZES, *vocabulary.BACKGROUNDS}
    plain_words = {"a", "above", "on", "background"}
    assert set(project.aigen.prompts.positive.split()) <= known | plain_words
