"""Open a run: the project, the servers, and either a new run or the one that is open.

Owns the order in which things are opened (everything opened is closed again, whatever
happens) and the choice between beginning and going on. Draws nothing.
"""

import hashlib
from contextlib import ExitStack
from dataclasses import replace

from darkroom.adapters.chosen_hosts import servers_of
from darkroom.adapters.confined import Refused, read_bounded
from darkroom.adapters.images import MAX_BYTES
from darkroom.adapters.projects import Project
from darkroom.adapters.redaction import redactor
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.model_judge import ModelJudge
from darkroom.adapters.wiring import holdout_of, judge_of, renderer_of
from darkroom.core.errors import UsageError, VisionError
from darkroom.runs import records
from darkroom.runs.beginning import (
    Choice,
    begin,
    begun_as_test,
    begun_fresh,
    begun_plan,
    choose,
    start_of,
)
from darkroom.runs.checking import check_host
from darkroom.runs.documents import Documents
from darkroom.runs.editing import apply_edits
from darkroom.runs.handover import note
from darkroom.runs.history import read_history
from darkroom.runs.judging import shown
from darkroom.runs.logs import app_log
from darkroom.runs.params import IterateParams
from darkroom.runs.run import Original, Run, Several, Tools
from darkroom.runs.sources import project_of
from darkroom.runs.telling import Opened, Said, tell
from darkroom.writepath.desk import Desk
from darkroom.writepath.fleet_opening import (
    answering,
    brief,
    opened_servers,
    terms_alone,
    usual_terms,
)
from darkroom.writepath.fleet_terms import Terms
from darkroom.writepath.opening import opened_desk


def open_run(params: IterateParams, flow_run: str = "", *, is_watched: bool = True) -> Run:
    """Open the run; close it by leaving it as a context manager.

    Where nobody looks on, a server that does not answer is waited for.
    """
    lab = open_lab(params.sets)
    project = project_of(lab, params)
    with ExitStack() as stack:
        desk = desk_of(lab, project, stack)
        # two processes on one run would both decide what comes next
        stack.enter_context(desk.locks.held(f"run-{project.name}"))
        stack.enter_context(app_log(project.folder, project.secrets.known()))
        tools = tools_of(lab, project, desk, stack, is_watched=is_watched)
        choice = choose(project, params, desk, flow_run)
        run = _opened(params, project, tools, choice)
        note(desk.store, project.name, flow_run, choice.checkpoint)
        run.home = lab.home
        run.open_things = stack.pop_all()
    return run


def refuse_early(params: IterateParams) -> None:
    """Say what is wrong with files and flags before anything slow is started."""
    lab = open_lab(params.sets)
    project = project_of(lab, params)
    if params.seed_from_ranking:
        with ExitStack() as stack:
            desk = desk_of(lab, project, stack)
            start_of(project, params, desk.store)


def desk_of(lab: Lab, project: Project, stack: ExitStack) -> Desk:
    """The write path's desk, which knows this project's secrets as well."""
    desk = stack.enter_context(opened_desk(lab))
    return replace(desk, redact=redactor(project.secrets.known()))


def tools_of(
    lab: Lab, project: Project, desk: Desk, stack: ExitStack, *, is_watched: bool = True
) -> Tools:
    """The server that draws and the judges; the server is asked what it is."""

    def said(text: str) -> None:
        tell(Said(text))

    meant = servers_of(lab, project.aigen.comfyui)
    several: Several | None = None
    if len(meant) == 1:
        renderer = stack.enter_context(renderer_of(lab, *meant, brief()))
        engine = _engine(renderer, terms_alone(usual_terms(lab, said), renderer.name), is_watched)
    else:
        servers = opened_servers(lab, meant, stack, said, is_watched=is_watched)
        several = Several(servers, frozenset(servers.hosts))
        renderer, engine = servers.first, servers.receipt.engine
    judges = judge_of(lab, project), holdout_of(lab, project)
    terms = terms_alone(usual_terms(lab), renderer.name)
    return Tools(desk, renderer, engine, *judges, several, terms)


def _engine(renderer: Renderer, terms: Terms, is_watched: bool) -> str:
    if is_watched:
        return renderer.receipt().engine
    return answering(renderer.receipt, terms, [renderer.name]).engine


def _opened(params: IterateParams, project: Project, tools: Tools, choice: Choice) -> Run:
    docs = Documents(tools.desk.store, choice.keys, project.secrets.known())
    original = original_of(project)
    if choice.is_new:
        begin(project, params, tools, docs, original)
    plan, notes = begun_plan(project, docs, original)
    run = Run(project, plan, tools, docs, choice.checkpoint)
    run.original, run.notes, run.is_test = original, notes, begun_as_test(docs)
    run.is_fresh = begun_fresh(docs)
    apply_edits(run)
    run.iterations = read_history(docs, run.plan)
    _charge(run)
    check_host(run)
    if original is not None:
        run.original = _described(run, original)
    choice.save(project.folder, tools.desk.now())
    done = len(run.counted)
    host, budget = tools.hosts, plan.budget
    resumed = not choice.is_new
    tell(Opened(project.name, run.keys.run_id, resumed, done, budget, plan.strategy, host))
    return run


def _charge(run: Run) -> None:
    """What the run has spent on asking counts, however often it is resumed."""
    judge = run.tools.judge
    if isinstance(judge, ModelJudge):
        for item in run.iterations:
            if item.answers is not None:
                judge.panel.allowance.charge(Usage(**item.answers.usage))


def original_of(project: Project) -> Original | None:
    """The input image, read once."""
    path = project.input_image
    if path is None:
        return None
    try:
        data = read_bounded(path, MAX_BYTES)
    except Refused as refused:
        raise UsageError("run-file-missing", f"the file {refused}", where=path.name) from refused
    digest = hashlib.sha256(data).hexdigest()
    return Original(data, f"input-{digest[:16]}{path.suffix.lower()}", digest)


def _described(run: Run, original: Original) -> Original:
    """Have the input image described, once per run."""
    saved = run.docs.named("original.json")
    if saved is None:
        try:
            judged = run.tools.judge.describe(shown(run, original.data))
        except VisionError as error:
            tell(Said(f"the input image is not described: {error.message}"))
            return original
        content = {
            "sha256": original.sha256,
            "description": judged.result,
            "aivis_metadata": records.receipt(judged.asking),
        }
        saved = run.docs.save_named("original.json", content)
    if saved.get("sha256") != original.sha256:
        raise UsageError(
            "run-input-changed",
            f"the input image is not the one run {run.keys.run_id} began with",
        )
    text = str(saved.get("description", ""))
    return Original(original.data, original.filename, original.sha256, text)
