"""Begin a run or go on with one: which it is, and what it began with.

Owns run.json, the document every run begins with, and the plan that is read back from
it, so that a resumed run starts from the words and settings it was begun with.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from darkroom.adapters.projects import Project
from darkroom.adapters.stores.protocol import Store
from darkroom.core.decide import Base, Plan
from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys
from darkroom.core.ranking import Start
from darkroom.core.sidecar import moment
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts
from darkroom.runs import records
from darkroom.runs.checkpoint import Checkpoint, read_checkpoint, set_aside, write_checkpoint
from darkroom.runs.documents import Documents
from darkroom.runs.handover import begun_by
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Original, Tools
from darkroom.runs.seeding import ranked_start
from darkroom.writepath.desk import Desk
from darkroom.writepath.naming import new_run

RUN = "run.json"


@dataclass(frozen=True)
class Choice:
    """Which run this is."""

    keys: RunKeys
    checkpoint: Checkpoint
    is_new: bool

    def save(self, folder: Path, now: datetime) -> None:
        """Make it the project's open run."""
        write_checkpoint(folder, self.checkpoint, moment(now))


def choose(project: Project, params: IterateParams, desk: Desk, flow_run: str = "") -> Choice:
    """Go on with the open run, decide again from an iteration on, or begin a new run.

    A flow run that is tried again goes on with the run it has begun, on whichever machine.
    """
    last = read_checkpoint(project.folder)
    begun = begun_by(desk.store, project.name, flow_run)
    if begun is not None:
        known = last if last is not None and last.run_id == begun.run_id else begun
        return Choice(RunKeys(project.name, begun.run_id), known, is_new=False)
    if params.reset:
        if last is not None:
            _archive(project, last, desk)
        return _new(project, desk)
    if params.resume_from is not None:
        return _again(project, last, params.resume_from)
    if last is None or not last.is_open:
        return _new(project, desk)
    if params.seed_from_ranking:
        raise UsageError("run-open", f"run {last.run_id} is still open; a ranking starts a new one")
    return Choice(RunKeys(project.name, last.run_id), last, is_new=False)


def _archive(project: Project, last: Checkpoint, desk: Desk) -> None:
    docs = Documents(desk.store, RunKeys(project.name, last.run_id))
    docs.save_named("archived.json", {"run_id": last.run_id, "archived_at": moment(desk.now())})
    set_aside(project.folder, last)


def _new(project: Project, desk: Desk) -> Choice:
    keys = new_run(desk, project.name)
    return Choice(keys, Checkpoint(keys.run_id), is_new=True)


def _again(project: Project, last: Checkpoint | None, number: int) -> Choice:
    if last is None:
        raise UsageError("run-none-yet", f"{project.name} has no run to resume")
    if number > last.last_iteration + 1:
        raise UsageError(
            "run-none-yet",
            f"run {last.run_id} has {last.last_iteration} iterations; none is number {number}",
        )
    set_aside_now = set(last.left_out) | set(range(number, last.last_iteration + 1))
    changed = replace(last, state="open", left_out=tuple(sorted(set_aside_now)))
    return Choice(RunKeys(project.name, last.run_id), changed, is_new=False)


def begin(
    project: Project,
    params: IterateParams,
    tools: Tools,
    docs: Documents,
    original: Original | None,
) -> None:
    """Write what the run begins with, before anything else of it exists."""
    start = start_of(project, params, docs.store)
    aivis, rules = project.aivis, project.rules
    content: dict[str, object] = {
        "schema": "darkroom/run",
        "version": 1,
        "run_id": docs.keys.run_id,
        "project": project.name,
        "title": rules.project.name,
        "is_test": params.test,
        "is_fresh": params.fresh,
        "started_at": moment(tools.desk.now()),
        "host": tools.hosts,
        "engine": tools.engines,
        "workflow": project.workflow.path.name,
        "judge": {"provider": aivis.provider, "model": aivis.model},
        "holdout": aivis.holdout.model_dump(mode="json") if aivis.holdout else None,
        "rules": rules.model_dump(mode="json"),
        "input_sha256": original.sha256 if original else None,
        "seeded_from": params.seed_from_ranking,
        "seed_ranking_mode": params.seed_ranking_mode if params.seed_from_ranking else None,
        "settings": records.plain_settings(start.settings),
        "prompts": {"positive": start.prompts.positive, "negative": start.prompts.negative},
        "notes": list(start.notes),
    }
    docs.save_named(RUN, content)


def start_of(project: Project, params: IterateParams, store: Store) -> Start:
    """What a new run begins with: a person's ranking, else AIGen.yaml."""
    if params.seed_from_ranking:
        mode = params.seed_ranking_mode
        return ranked_start(store, project.name, params.seed_from_ranking, mode)
    told, words = project.aigen.parameters, project.aigen.prompts
    # seed 0 stands for "draw one"; the plan knows whether a seed was given
    settings = Settings(
        told.denoise, told.cfg, told.steps, told.seed or 0, told.sampler_name, told.scheduler
    )
    return Start(settings, Prompts(words.positive, words.negative), ())


def begun_plan(
    project: Project, docs: Documents, original: Original | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a run from what it began with and the rules as they are now."""
    told = docs.named(RUN)
    if told is None:
        raise UsageError("run-unknown", f"run {docs.keys.run_id} has no {RUN} in the store")
    try:
        start = Start(
            records.read_settings(told["settings"]),
            records.read_prompts(told["prompts"]),
            tuple(cast("list[str]", told["notes"])),
        )
    except (KeyError, TypeError) as exc:
        raise records.damaged(f"{docs.keys.root}/{RUN}", exc) from exc
    return plan_of(project, docs.keys.run_id, start, original), start.notes


def begun_as_test(docs: Documents) -> bool:
    """Whether the run was begun as a test; resumed, it stays one."""
    return (docs.named(RUN) or {}).get("is_test") is True


def begun_fresh(docs: Documents) -> bool:
    """Whether the run draws what the store has; resumed, it has to go on so."""
    return (docs.named(RUN) or {}).get("is_fresh") is True


def plan_of(project: Project, run: str, start: Start, original: Original | None) -> Plan:
    """What a run sets out to do."""
    rules = project.rules
    uses_input = project.workflow.needs_image and original is not None
    base: Base = "input" if uses_input else "nothing"
    return Plan(
        run_id=run,
        rules=rules.acceptance_criteria,
        budget=rules.project.max_iterations,
        settings=start.settings,
        prompts=start.prompts,
        base=base,
        strategy=rules.project.strategy,
        fixed_seed=project.aigen.parameters.seed is not None,
        similarity=project.aigen.strategies,
    )
