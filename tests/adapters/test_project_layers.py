"""Defaults, project and flags become one configuration; every mistake is told."""

from pathlib import Path

import pytest

from darkroom.adapters.project_layers import Layers, load_rules, preset_names, read_layers
from darkroom.adapters.settings import open_lab
from darkroom.core.config.tree import origin_of
from darkroom.core.errors import ConfigError

RULES = "acceptance_criteria:\n  - {field: a, question: Is it?}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "mine"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "rules.yaml").write_text(RULES, encoding="utf-8")
    return folder


def write(folder: Path, name: str, text: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def read(folder: Path, *flags: str) -> Layers:
    return read_layers(open_lab(flags, environ={}, cwd=folder.parents[1]), folder)


def told(folder: Path, *flags: str) -> str:
    return "\n".join(str(problem) for problem in read(folder, *flags).problems)


def test_what_a_project_leaves_out_comes_from_the_defaults(folder: Path) -> None:
    write(folder, "config/AIGen.yaml", "parameters:\n  cfg: 3\n")
    layers = read(folder)
    assert layers.problems == ()
    assert layers.aigen is not None
    assert layers.aigen.parameters.cfg == 3.0
    assert layers.aigen.parameters.steps == 25
    tree = layers.trees["AIGen"]
    assert str(origin_of(tree, ("parameters", "cfg"))) == "projects/mine/config/AIGen.yaml:2"
    assert str(origin_of(tree, ("parameters", "steps"))).startswith("defaults/config/AIGen.yaml:")


def test_flags_stand_above_the_project(folder: Path) -> None:
    write(folder, "config/AIGen.yaml", "parameters: {cfg: 3, steps: 7}\n")
    layers = read(
        folder, "parameters.cfg=5", "project.max_iterations=2", "prompts.system=Be brief."
    )
    assert layers.aigen is not None
    assert layers.rules is not None
    assert layers.prompts is not None
    assert (layers.aigen.parameters.cfg, layers.aigen.parameters.steps) == (5.0, 7)
    assert layers.rules.project.max_iterations == 2
    assert layers.prompts.system == "Be brief."


def test_a_preset_stands_just_below_the_file_that_names_it(folder: Path) -> None:
    write(folder, "config/AIGen.yaml", "preset: draft\nparameters: {cfg: 3}\n")
    aigen = read(folder).aigen
    assert aigen is not None
    assert (aigen.parameters.cfg, aigen.parameters.steps) == (3.0, 12)


def test_a_preset_named_by_a_flag_stands_above_the_project(folder: Path) -> None:
    write(folder, "config/AIGen.yaml", "parameters: {cfg: 3, steps: 40}\n")
    aigen = read(folder, "preset=draft", "parameters.steps=13").aigen
    assert aigen is not None
    assert (aigen.parameters.cfg, aigen.parameters.steps) == (6.0, 13)


def test_a_project_may_have_presets_of_its_own(folder: Path) -> None:
    write(folder, "presets/draft.yaml", "parameters: {steps: 3}\n")
    write(folder, "config/AIGen.yaml", "preset: draft\n")
    aigen = read(folder).aigen
    assert aigen is not None
    assert (aigen.parameters.cfg, aigen.parameters.steps) == (7.0, 3)
    assert "draft" in preset_names(folder)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config/AIGen.yaml": "preset: drft\n"}, "AIGen.yaml:1: preset: there is no preset"),
        ({"config/AIGen.yaml": "preset: drft\n"}, "did you mean 'draft'?"),
        ({"config/AIGen.yaml": "preset: ../../x\n"}, "there is no preset '../../x'"),
        ({"config/AIGen.yaml": "preset: 7\n"}, "expected text, got 7"),
        (
            {"config/AIGen.yaml": "preset: own\n", "presets/own.yaml": "parameters: {cfg: 99}\n"},
            "presets/own.yaml:1: parameters.cfg: must be at most 20",
        ),
        ({"config/AIVis.yaml": "provider: openrouter\n"}, "AIVis.yaml:1: model: is missing"),
        ({"config/prompts.yaml": "systemm: x\n"}, "did you mean 'system'?"),
        ({"config/prompts.yaml": "system: '{goal}'\n"}, "unknown placeholder {goal}"),
        ({"config/rules_guidelines.md": b"\xff"}, "is not UTF-8"),
        ({"config/aigen.yml": "x: 1\n"}, "is not read by anything (did you mean 'AIGen.yaml'?)"),
        ({"config/AIGen.yaml": "- 1\n"}, "expected a mapping of keys to values, got a list"),
        ({"config/AIGen.yaml": b"\xff\n"}, "AIGen.yaml:1: is not UTF-8"),
    ],
)
def test_mistakes(folder: Path, files: dict[str, str | bytes], message: str) -> None:
    for name, text in files.items():
        write(folder, name, text)
    assert message in told(folder)


def test_a_project_without_rules_is_told_so_once(folder: Path) -> None:
    (folder / "config" / "rules.yaml").unlink()
    assert told(folder) == "projects/mine/config/rules.yaml: is missing; it says what is wanted"


def test_mistakes_of_all_files_are_told_together(folder: Path) -> None:
    write(folder, "config/rules.yaml", RULES + "questionz: []\n")
    write(folder, "config/AIGen.yaml", "parameters: {cfg: 0}\nparameters: {}\n")
    write(folder, "config/AIVis.yaml", "provider: no\n")
    write(folder, "config/prompts.yaml", "a: *b\n")
    told_files = {problem.file.rsplit("/", maxsplit=1)[-1] for problem in read(folder).problems}
    assert told_files == {"rules.yaml", "AIGen.yaml", "AIVis.yaml", "prompts.yaml"}


def test_a_value_that_cannot_be_read_is_told_once(folder: Path) -> None:
    write(folder, "config/AIGen.yaml", "parameters:\n  cfg: 1:30\n")
    assert told(folder).count("parameters.cfg") == 1


def test_configuration_that_links_out_of_the_project_is_not_read(folder: Path) -> None:
    secret = folder.parents[1] / "secret.yaml"
    secret.write_text("canary: 4815162342\n", encoding="utf-8")
    (folder / "config" / "AIGen.yaml").symlink_to(secret)
    (folder / "config" / "rules_guidelines.md").symlink_to(secret)
    text = told(folder)
    assert text.count("leads out of the project and the defaults") == 2
    assert "canary" not in text


def test_guidelines_are_the_projects_or_the_shipped_ones(folder: Path) -> None:
    assert "can be seen" in read(folder).guidelines
    write(folder, "config/rules_guidelines.md", "Mine.")
    assert read(folder).guidelines == "Mine."


def test_a_rules_file_may_stand_alone(tmp_path: Path) -> None:
    write(tmp_path, "good.yaml", RULES)
    write(tmp_path, "bad.yaml", RULES + "x: 012\n")
    assert load_rules(tmp_path / "good.yaml", "good.yaml").acceptance_criteria[0].field == "a"
    with pytest.raises(ConfigError) as caught:
        load_rules(tmp_path / "bad.yaml", "bad.yaml")
    assert {problem.line for problem in caught.value.problems} == {3}
