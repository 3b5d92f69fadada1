"""What an experiment's file names outside itself: a workflow, servers, a preset.

Owns whether they are there, so that it is told together with the file's own mistakes. What
is done with them is `composing`'s and `opening`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.confined import Refused
from darkroom.adapters.project_content import find_workflow
from darkroom.adapters.projects import Project
from darkroom.adapters.settings import Lab
from darkroom.core.config.tree import Node, origin_of, plain
from darkroom.core.errors import ConfigError, Problem, UsageError
from darkroom.generating.request import Request
from darkroom.generating.sources import sources_of


@dataclass(frozen=True)
class Misnamed:
    """A name of nothing that is there."""

    problem: Problem
    error: UsageError
    """The same, as it is told alone."""


def workflow_of(project: Project, written: str) -> str | None:
    """The workflow of that name, None for the project's own; ValueError where it cannot be."""
    named = project.aigen.model_copy(update={"workflow_file": written, "bindings": {}})
    try:
        found = find_workflow(project.folder, named)
    except Refused as error:
        raise ValueError(f"{written!r} {error}") from error
    if found.needs_image and project.input_image is None:
        raise ValueError("starts from an image, and the project has no input/input.png")
    return None if found.path == project.workflow.path else str(found.path)


def misnamed(lab: Lab, project: Project, tree: Node, source: str) -> list[Misnamed]:
    """Every name in the file that is none; what is malformed is passed over."""
    found: list[Misnamed] = []
    for key, error in _errors(lab, project, _written(tree)):
        problem = Problem(source, origin_of(tree, (key,)).line, key, error.message)
        alone = ConfigError("config-invalid", (problem,)) if key == "workflow" else error
        alone.where = alone.where or source
        found.append(Misnamed(problem, alone))
    return found


def _errors(
    lab: Lab, project: Project, written: Mapping[str, object]
) -> Iterator[tuple[str, UsageError]]:
    workflow, preset, hosts = (written.get(key) for key in ("workflow", "preset", "hosts"))
    if isinstance(workflow, str):
        try:
            workflow_of(project, workflow)
        except ValueError as error:
            yield "workflow", UsageError("generate-workflow", str(error))
    listed = cast("list[object]", hosts) if isinstance(hosts, list) else [hosts]
    named = [each for each in listed if isinstance(each, str) and each]
    asked = [("hosts", Request(host=name)) for name in named]
    if isinstance(preset, str):
        asked.append(("preset", Request(preset=preset, project=project.name)))
    for key, request in asked:
        try:
            sources_of(lab, request)
        except UsageError as error:
            yield key, error


def _written(tree: Node) -> Mapping[str, object]:
    values = plain(tree)
    return cast("Mapping[str, object]", values) if isinstance(values, Mapping) else {}
