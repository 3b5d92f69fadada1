"""Projects: folders with a configuration, an input and what their runs left.

Owns making, listing, checking and opening them. A project is its folder under the
projects folder; links that lead out of it are refused wherever they stand.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.confined import Refused, is_inside
from darkroom.adapters.project_content import (
    FoundWorkflow,
    find_input,
    find_workflow,
    input_problems,
)
from darkroom.adapters.project_layers import CONFIG, Layers, read_layers
from darkroom.adapters.secret_values import Secrets
from darkroom.adapters.settings import Lab
from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.rules import Rules
from darkroom.core.config.slugs import checked_slug, is_slug
from darkroom.core.config.tree import Node, origin_of
from darkroom.core.errors import ConfigError, Problem, UsageError
from darkroom.core.text import nearest


@dataclass(frozen=True)
class Project:
    """One project, read and checked."""

    name: str
    folder: Path
    rules: Rules
    aigen: AIGen
    aivis: AIVis
    prompts: PromptTemplates
    guidelines: str
    workflow: FoundWorkflow
    input_image: Path | None
    secrets: Secrets
    trees: dict[str, Node]


@dataclass(frozen=True)
class ProjectCheck:
    """What `project check` found."""

    name: str
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    project: Project | None


@dataclass(frozen=True)
class ProjectSummary:
    """One line of `project list`."""

    name: str
    title: str | None
    runs: int
    folder: str


def project_names(lab: Lab) -> list[str]:
    """The names of all projects, sorted."""
    try:
        entries = sorted(os.listdir(lab.projects))  # noqa: PTH208 - names only
    except OSError:
        return []
    return [name for name in entries if is_slug(name) and _is_project(lab, name)]


def strangers(lab: Lab) -> list[str]:
    """What looks like a project but is passed over, and why."""
    try:
        folders = sorted(path for path in lab.projects.iterdir() if (path / CONFIG).is_dir())
    except OSError:
        return []
    return [
        f"{lab.shown(path)} is passed over: "
        + ("it is a link that leads out" if is_slug(path.name) else "its name is no project name")
        for path in folders
        if not path.name.startswith(".")
        and not (is_slug(path.name) and _is_project(lab, path.name))
    ]


def _is_project(lab: Lab, name: str) -> bool:
    folder = lab.projects / name
    return is_inside(folder, [lab.projects]) and (folder / CONFIG).is_dir()


def list_projects(lab: Lab) -> list[ProjectSummary]:
    """Every project with its title and the number of its runs; wrong ones as well."""
    return [_summary(lab, name) for name in project_names(lab)]


def _summary(lab: Lab, name: str) -> ProjectSummary:
    folder = lab.projects / name
    rules = read_layers(lab, folder).rules
    title = rules.project.name if rules else "(rules.yaml has mistakes)"
    runs = [path for path in (folder / "working").glob("*/images") if path.is_dir()]
    return ProjectSummary(name, title, len(runs), lab.shown(folder))


def project_folder(lab: Lab, name: str) -> Path:
    """The folder of an existing project, or an error with the nearest name."""
    checked_slug(name)
    if _is_project(lab, name):
        return lab.projects / name
    near = nearest(name, project_names(lab))
    meant = f"; did you mean {near!r}?" if near else ""
    where = lab.shown(lab.projects)
    if (lab.projects / name).is_dir() and not is_inside(lab.projects / name, [lab.projects]):
        raise UsageError("project-outside", f"{name!r} is a link that leads out of {where}")
    raise UsageError("project-unknown", f"there is no project {name!r} in {where}{meant}")


def open_project(lab: Lab, name: str) -> Project:
    """Read one project for a run, or raise with every mistake."""
    found = check_project(lab, name)
    if found.project is None:
        raise ConfigError("config-invalid", found.problems)
    return found.project


def check_project(lab: Lab, name: str) -> ProjectCheck:
    """Read one project and say all that is wrong with it."""
    folder = project_folder(lab, name)
    layers = read_layers(lab, folder)
    problems = list(layers.problems)
    workflow = _workflow(folder, layers, problems)
    needs_image = workflow is not None and workflow.needs_image
    problems += input_problems(folder, lab.shown(folder), is_needed=needs_image)
    project = _assembled(lab, folder, layers, workflow) if not problems else None
    ordered = sorted(problems, key=lambda problem: (problem.file, problem.line or 0))
    return ProjectCheck(name, tuple(ordered), tuple(_warnings(layers)), project)


def check_projects(lab: Lab, names: Sequence[str]) -> list[ProjectCheck]:
    """Check the named projects, or all of them."""
    return [check_project(lab, name) for name in names or project_names(lab)]


def _workflow(folder: Path, layers: Layers, problems: list[Problem]) -> FoundWorkflow | None:
    if layers.aigen is None:
        return None
    try:
        return find_workflow(folder, layers.aigen)
    except Refused as error:
        origin = origin_of(layers.trees["AIGen"], ("workflow_file",))
        message = f"{layers.aigen.workflow_file[:120]!r} {error}"
        problems.append(Problem(origin.source, origin.line, "workflow_file", message))
    return None


def _assembled(
    lab: Lab, folder: Path, layers: Layers, workflow: FoundWorkflow | None
) -> Project | None:
    rules, aigen, aivis, prompts = layers.rules, layers.aigen, layers.aivis, layers.prompts
    if not (rules and aigen and aivis and prompts and workflow):
        return None
    origin = str(origin_of(layers.trees["AIVis"], ("api_key",)))
    return Project(
        name=folder.name,
        folder=folder,
        rules=rules,
        aigen=aigen,
        aivis=aivis,
        prompts=prompts,
        guidelines=layers.guidelines,
        workflow=workflow,
        input_image=find_input(folder),
        secrets=lab.secrets.also(aivis.provider, aivis.key, origin),
        trees=layers.trees,
    )


def _warnings(layers: Layers) -> list[str]:
    if layers.aivis is None or layers.aivis.key is None:
        return []
    origin = origin_of(layers.trees["AIVis"], ("api_key",))
    return [f"{origin}: api_key: keep keys in the environment or in .env, not in a project"]
