"""Ask the host before any GPU time whether it can draw what the run will send.

Owns the comparison of the first graph with the host's own node table. A host that
has no such table (a fake one) is taken at its word.
"""

from dataclasses import replace

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.decide import Try, drawn_seed
from darkroom.core.errors import PreflightError
from darkroom.core.wording import worded
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.preflight import is_runnable, preflight
from darkroom.runs.fleet_drawing import noting
from darkroom.runs.graphs import graph_of
from darkroom.runs.run import Run, Several
from darkroom.runs.telling import Said, tell
from darkroom.writepath.fleet_opening import answering


def check_host(run: Run) -> tuple[str, ...]:
    """Everything the host has to say against the graph; raises where it would refuse it.

    Of several hosts one is enough: those that cannot draw are left out of the run.
    """
    step = first_step(run)
    name = run.original.filename if run.original and step.base == "input" else None
    graph, uploads = graph_of(run, step, name), (name,) if name else ()
    if run.tools.several is not None:
        return _check_several(run, run.tools.several, graph, uploads)
    renderer = run.tools.renderer
    if not isinstance(renderer, ComfyClient):
        return ()
    # it said a moment ago what it is: when it is gone since, it is waited for
    terms = replace(run.tools.terms, said=noting(run))
    found = answering(renderer.object_info, terms, [renderer.name])
    findings = preflight(graph, found, uploads=uploads)
    if not is_runnable(findings):
        wrong = [str(finding) for finding in findings if finding.severity == "error"]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise PreflightError("preflight-failed", f"{wrong[0]}{more}", where=renderer.name)
    return tuple(str(finding) for finding in findings)


def _check_several(
    run: Run, several: Several, graph: Graph, uploads: tuple[str, ...]
) -> tuple[str, ...]:
    servers = several.servers
    found = servers.fitting(graph, uploads)
    if not found.hosts:
        message = "; ".join((found.summary, *servers.away))
        raise PreflightError("preflight-failed", message, where=servers.names)
    several.able = found.hosts
    left_out = (*servers.away, *found.lines)
    for text in left_out:
        tell(Said(f"left out of this run: {text}"))
    return (*left_out, *found.warnings)


def first_step(run: Run) -> Try:
    """The step a run begins with, whatever was tried since."""
    plan = run.plan
    prompts = worded(plan.prompts, run.criteria)
    step = Try(1, plan.settings, prompts, plan.base)
    if plan.fixed_seed:
        return step
    seed = drawn_seed(plan.run_id, 1)
    return replace(step, settings=replace(step.settings, seed=seed))
