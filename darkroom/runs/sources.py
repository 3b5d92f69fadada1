"""The project of a run with what the command named instead: other rules, another input.

Owns where those files are looked for: where the command was given, in the project,
among what is shipped. Their content is checked exactly as the project's own.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from darkroom.adapters.confined import Refused, read_bounded
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.project_content import find_workflow
from darkroom.adapters.project_layers import read_layers
from darkroom.adapters.projects import Project, check_project, project_folder
from darkroom.adapters.settings import Lab
from darkroom.adapters.shipped import defaults_folder
from darkroom.adapters.yaml_files import read_yaml
from darkroom.core.config.checking import checked
from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import merge, origin_of
from darkroom.core.errors import ConfigError, Problem, UsageError
from darkroom.runs.params import IterateParams


def project_of(lab: Lab, params: IterateParams) -> Project:
    """Read the project and whatever the command names instead of its own files."""
    folder = project_folder(lab, params.project)
    chosen = _input(folder, params.input) if params.input else None
    found = check_project(lab, params.project)
    problems = [each for each in found.problems if not (chosen and _is_about_input(each))]
    if problems:
        raise ConfigError("config-invalid", tuple(problems))
    project = found.project or _without_input(lab, folder)
    if params.rules:
        project = replace(project, rules=_rules(lab, folder, params.rules))
    return replace(project, input_image=chosen) if chosen else project


def _is_about_input(problem: Problem) -> bool:
    return "/input/" in problem.file


def _without_input(lab: Lab, folder: Path) -> Project:
    """The project whose own input image is missing, but not needed now."""
    layers = read_layers(lab, folder)
    rules, aigen, aivis, prompts = layers.rules, layers.aigen, layers.aivis, layers.prompts
    if not (rules and aigen and aivis and prompts):
        raise ConfigError("config-invalid", layers.problems)
    origin = str(origin_of(layers.trees["AIVis"], ("api_key",)))
    return Project(
        name=folder.name,
        folder=folder,
        rules=rules,
        aigen=aigen,
        aivis=aivis,
        prompts=prompts,
        guidelines=layers.guidelines,
        workflow=find_workflow(folder, aigen),
        input_image=None,
        secrets=lab.secrets.also(aivis.provider, aivis.key, origin),
        trees=layers.trees,
    )


def _rules(lab: Lab, folder: Path, named: str) -> Rules:
    places = (Path(), folder, folder / "config", folder / "rules", defaults_folder() / "rules")
    path = _found([place / name for place in places for name in (named, f"{named}.yaml")])
    if path is None:
        raise UsageError("run-file-missing", f"there is no rules file {named[:200]!r}")
    parsed = read_yaml(path, lab.shown(path))
    over = lab.overrides.trees.get("rules")
    tree = merge(parsed.tree, over) if over else parsed.tree
    rules, wrong = checked(Rules, tree, rule_faults)
    if rules is None or parsed.problems:
        raise ConfigError("config-invalid", (*parsed.problems, *wrong))
    return rules


def _input(folder: Path, named: str) -> Path:
    path = _found([Path(named), folder / named, folder / "input" / named])
    if path is None:
        raise UsageError("run-file-missing", f"there is no input image {named[:200]!r}")
    try:
        decode(read_bounded(path, MAX_BYTES))
    except Refused as refused:
        raise UsageError("run-file-missing", f"the file {refused}", where=named) from refused
    return path


def _found(candidates: Sequence[Path]) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)
