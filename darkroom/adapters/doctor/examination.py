"""The whole examination, in the order of the table."""

import os
from collections.abc import Iterator

from darkroom.adapters.chosen_hosts import servers_of
from darkroom.adapters.doctor.findings import Check, away, doubtful, failed, passed
from darkroom.adapters.doctor.machine import machine_checks
from darkroom.adapters.doctor.neighbours import (
    host_checks,
    one_is_enough,
    store_checks,
    vision_check,
)
from darkroom.adapters.doctor.scheduler import scheduler_checks
from darkroom.adapters.projects import Project, check_project
from darkroom.adapters.settings import Lab, read_lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import ConfigError, DarkroomError
from darkroom.core.workflow.bindings import read_bindings
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.preflight import preflight
from darkroom.core.workflow.roles import Role, find_roles

_MEND = "mend the file; `darkroom config check` lists every mistake"
_MOST_SHOWN = 10


def examine(project: str | None = None) -> tuple[Check, ...]:
    """Check this machine, the configuration, the neighbours and, if named, one project."""
    lab, problems = read_lab()
    checks = [*machine_checks()]
    checks += [failed("configuration", str(problem), _MEND) for problem in problems]
    checks += [
        doubtful("configuration", text, "see docs/configuration.md") for text in lab.warnings
    ]
    if not problems and not lab.warnings:
        checks.append(passed("configuration", f"read from {lab.home}"))
    checks += [*store_checks(lab), *host_checks(lab), *scheduler_checks(os.environ)]
    if project is not None:
        checks += _project_checks(lab, project)
    return tuple(checks)


def _project_checks(lab: Lab, name: str) -> Iterator[Check]:
    try:
        found = check_project(lab, name)
    except DarkroomError as error:
        yield away(f"project {name}", error)
        return
    for problem in found.problems:
        yield failed(f"project {name}", str(problem), _MEND)
    for text in found.warnings:
        yield doubtful(f"project {name}", text, "see `darkroom project check`")
    if found.project is None:
        return
    yield passed(f"project {name}", f"workflow {found.project.workflow.path.name}")
    yield vision_check(lab, found.project)
    yield from _servers_checks(lab, found.project)


def _servers_checks(lab: Lab, project: Project) -> Iterator[Check]:
    """The workflow on every server that may draw it; one that can is enough."""
    try:
        servers = servers_of(lab, project.aigen.comfyui)
    except DarkroomError as error:
        yield away(f"workflow on {project.aigen.comfyui.host}", error)
        return
    by_server = [tuple(_workflow_checks(lab, project, each)) for each in servers]
    is_drawn = any(all(check.status != "failed" for check in checks) for checks in by_server)
    every = [check for checks in by_server for check in checks]
    yield from one_is_enough(every) if is_drawn else every


def _workflow_checks(lab: Lab, project: Project, server: Comfy) -> Iterator[Check]:
    """The workflow as a run would send it, against what one server has."""
    name = f"workflow on {server.host}"
    uploads = (project.input_image.name,) if project.input_image else ()
    try:
        graph = _as_sent(project, uploads)
        with renderer_of(lab, server) as client:
            findings = preflight(graph, client.object_info(), uploads=uploads)
    except ConfigError as error:
        yield from (failed(name, str(problem), _MEND) for problem in error.problems)
        return
    except DarkroomError as error:
        yield away(name, error)
        return
    for finding in findings[:_MOST_SHOWN]:
        remedy = (
            f"use {finding.nearest!r}" if finding.nearest else "mend this input of the workflow"
        )
        check = failed if finding.severity == "error" else doubtful
        yield check(name, str(finding).partition(": ")[2], remedy)
    if not findings:
        yield passed(name, "the server has everything the workflow needs")


def _as_sent(project: Project, uploads: tuple[str, ...]) -> Graph:
    told, graph = project.aigen.parameters, project.workflow.graph
    bindings = read_bindings(project.aigen.bindings, graph)
    values: dict[str, object | None] = {
        Role.CHECKPOINT: project.aigen.model.ckpt_name,
        Role.SAMPLER: told.sampler_name,
        Role.SCHEDULER: told.scheduler,
        Role.STEPS: told.steps,
        Role.CFG: told.cfg,
        Role.DENOISE: told.denoise,
        Role.IMAGE: next(iter(uploads), None),
    }
    places = find_roles(graph, bindings).places
    known = {r: value for r, value in values.items() if value is not None and Role(r) in places}
    return patch(graph, known, bindings)
