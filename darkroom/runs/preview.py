"""A dry run: check everything, ask the host, and say what the first iteration would be.

Owns the record that `--dry-run` shows. Changes nothing: no run is begun, no image is
drawn, nothing is written.
"""

from contextlib import ExitStack
from dataclasses import asdict, dataclass

from darkroom.adapters.settings import open_lab
from darkroom.core.keys import RunKeys, run_id
from darkroom.runs.beginning import plan_of, start_of
from darkroom.runs.checking import check_host, first_step
from darkroom.runs.checkpoint import Checkpoint, read_checkpoint
from darkroom.runs.documents import Documents
from darkroom.runs.opening import desk_of, original_of, tools_of
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Run
from darkroom.runs.sources import project_of


@dataclass(frozen=True)
class Preview:
    """What a run would do first."""

    project: str
    goes_on_with: str | None
    """The open run that a plain run would continue."""
    host: str
    engine: str
    workflow: str
    judge: str
    holdout: str | None
    strategy: str
    budget: int
    base: str
    settings: dict[str, object]
    prompts: dict[str, object]
    criteria: tuple[str, ...]
    questions: tuple[str, ...]
    warnings: tuple[str, ...]


def preview(params: IterateParams) -> Preview:
    """Check the project and the host as a run would, and stop there."""
    lab = open_lab(params.sets)
    project = project_of(lab, params)
    with ExitStack() as stack:
        desk = desk_of(lab, project, stack)
        tools = tools_of(lab, project, desk, stack)
        original = original_of(project)
        name = run_id(desk.now())
        start = start_of(project, params, desk.store)
        plan = plan_of(project, name, start, original)
        docs = Documents(desk.store, RunKeys(project.name, name))
        run = Run(project, plan, tools, docs, Checkpoint(name))
        run.original = original
        findings = check_host(run)
        step = first_step(run)
    last = None if params.reset else read_checkpoint(project.folder)
    holdout = project.aivis.holdout
    return Preview(
        project=project.name,
        goes_on_with=last.run_id if last and last.is_open else None,
        host=tools.hosts,
        engine=tools.engines,
        workflow=project.workflow.path.name,
        judge=_named(project.aivis.provider, project.aivis.model),
        holdout=_named(holdout.provider, holdout.model) if holdout else None,
        strategy=plan.strategy,
        budget=plan.budget,
        base=plan.base,
        settings=asdict(step.settings),
        prompts=asdict(step.prompts),
        criteria=tuple(asked.field for asked in project.rules.acceptance_criteria),
        questions=tuple(asked.field for asked in project.rules.questions),
        warnings=findings,
    )


def _named(provider: str, model: str | None) -> str:
    return f"{provider}/{model}" if model else provider
