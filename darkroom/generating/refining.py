"""Draw, score, and draw again until an image is good enough or the attempts are spent.

Owns one open series of attempts and the settings of each. What comes next is
`darkroom.core.scoring.refinement`'s to decide. The seeds follow from the first one, so the
same command goes on where it stopped: what was drawn is found, and nothing is drawn twice.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self, cast

from darkroom.adapters.settings import open_lab
from darkroom.adapters.shipped import label, shipped
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.yaml_files import load_yaml
from darkroom.core.config.checking import checked
from darkroom.core.config.parameters import DRAW_SEED
from darkroom.core.errors import ConfigError, JobFailed, UsageError
from darkroom.core.scoring.refinement import (
    BestEffort,
    Draw,
    NoImage,
    RefinementTable,
    RefinePlan,
    Step,
    Strategy,
    StrategyName,
    Success,
    next_step,
)
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Role, find_roles
from darkroom.generating.drawing import (
    DRAWN_BELOW,
    Copies,
    Telling,
    failure,
    judged,
    write_copy,
)
from darkroom.generating.judging import jury_of, parts_of
from darkroom.generating.keeping import keep_failure, keep_series
from darkroom.generating.preparing import Prepared, prepare
from darkroom.generating.request import Request, check_request, output_files
from darkroom.generating.series import Refined, Series, Trial, best_trial, refined
from darkroom.generating.sources import Sources, sources_of
from darkroom.generating.studio import Studio
from darkroom.writepath.batch import BatchResult
from darkroom.writepath.desk import Committed, Job, Stored
from darkroom.writepath.fleet_opening import opened_servers
from darkroom.writepath.fleet_terms import Slot, free
from darkroom.writepath.naming import new_run
from darkroom.writepath.opening import opened_desk

FILE = "refinement.yaml"


@dataclass(frozen=True)
class Asked:
    """What a series is asked for; None means as refinement.yaml has it."""

    threshold: float | None = None
    max_attempts: int | None = None
    strategy: StrategyName | None = None


def refinement_table() -> RefinementTable:
    """The shipped table of strategies."""
    table, problems = checked(RefinementTable, load_yaml(shipped(FILE), label(FILE)))
    if table is None:
        raise ConfigError("config-invalid", problems)
    return table


def draw_seed() -> int:
    """Chance, for a series that names no seed."""
    return secrets.randbelow(DRAWN_BELOW)


class Refining:
    """An open series; used as a context manager. No dataclass: a scheduler looks into those."""

    def __init__(
        self,
        request: Request,
        asked: Asked,
        telling: Telling | None = None,
        drawn: Callable[[], int] = draw_seed,
    ) -> None:
        self._asked_output = request
        self._request = replace(request, scores=True, output=None)
        check_request(replace(request, scores=True))
        self._telling = telling or Telling()
        self._meanwhile: list[str] = []
        self._stack = ExitStack()
        with ExitStack() as opening:
            self._open(asked, opening, drawn)
            self._stack = opening.pop_all()

    def _open(self, asked: Asked, stack: ExitStack, drawn: Callable[[], int]) -> None:
        lab = open_lab()
        self._sources = sources_of(lab, self._request)
        seed = _seed(self._request, self._sources)
        plan = _plan(asked, self._request, drawn() if seed is None else seed)
        self._servers = opened_servers(
            lab, self._sources.servers, stack, self._said, is_watched=self._telling.is_watched
        )
        self._drew_last: str | None = None
        base = prepare(self._request, self._sources, self._servers, plan.seed)
        self._prompt = read_back(base.graphs[0], base.bindings).prompt or ""
        self._telling.begun(base)
        self._desk = stack.enter_context(opened_desk(lab))
        jury = stack.enter_context(jury_of(lab, self._request, self._servers.receipt))
        assert jury is not None  # scores are always asked for here
        self._jury = jury
        keys = new_run(self._desk, self._sources.store_project)
        self.series = Series(_fitted(plan, base), keys)

    @property
    def store(self) -> Store:
        """Where its images are kept."""
        return self._desk.store

    def decide(self) -> Step:
        """What follows from everything tried so far."""
        return next_step(self.series.plan, self.series.tried)

    def attempt(self, step: Draw, slot: Slot = free) -> Trial:
        """Draw, score and commit one attempt; without an image it counts as failed."""
        prepared = self._prepared(step)
        result = self._drawn(step, prepared, slot)
        read = read_back(prepared.graphs[0], prepared.bindings)
        trial = Trial(step, read.prompt or "", read.negative_prompt or "")
        try:
            trial = self._with(trial, prepared, result)
        finally:
            self._jury.forget(self.series.keys.image(step.attempt.number))
        self.series.trials.append(trial)
        keep_failure(self._desk, self.series, trial)
        return trial

    def close(self, step: Success | BestEffort | NoImage) -> Refined:
        """Copy the best image where one was asked for, and record the series."""
        copy = None
        if not isinstance(step, NoImage):
            key = cast("str", getattr(best_trial(self.series, step).made, "key", ""))
            for file in output_files(self._asked_output):
                write_copy(self._desk.store, key, file)
                copy = str(file)
        notes = tuple(self._meanwhile)
        result = replace(refined(self.series, step, copy), notes=notes)
        keep_series(self._desk, self.series, result)
        return result

    def _said(self, text: str) -> None:
        self._meanwhile.append(text)
        self._telling.said(text)

    def _prepared(self, step: Draw) -> Prepared:
        attempt = step.attempt
        request = replace(self._request, seed=attempt.seed)
        if attempt.append:
            request = replace(request, prompt=f"{self._prompt}{attempt.append}")
        if attempt.steps is not None:
            request = replace(request, steps=attempt.steps)
        if attempt.cfg is not None:
            request = replace(request, cfg=attempt.cfg)
        return prepare(request, self._sources, self._servers, attempt.seed)

    def _drawn(self, step: Draw, prepared: Prepared, slot: Slot) -> BatchResult:
        def jobs(engine: str) -> list[Job]:
            (job,) = prepared.jobs(self.series.keys, engine, self._jury.asked)
            return [replace(job, iteration=step.attempt.number)]

        def answer(stored: Stored) -> Mapping[str, object]:
            self._drew_last = stored.intent.host
            found = self._jury.of_picture(stored)
            block = self.series.block(step, found.composite_score)
            return {**parts_of(found), "refinement": block}

        studio = Studio(self._desk, self._servers, self._telling.progress, slot)
        (result,) = studio.draw(prepared, jobs, answer, prefers=self._drew_last)
        return result

    def _with(self, trial: Trial, prepared: Prepared, result: BatchResult) -> Trial:
        if isinstance(result, Committed):
            made = Copies(self._desk, prepared, None).made(0, result)
            found = self._jury.of_committed(self._desk.store, result.image_key)
            made = judged(made, found)
            self._telling.made(made)
            return replace(trial, made=made, judgement=found)
        error = failure(result)
        if not isinstance(error, JobFailed):
            raise error  # another attempt would meet the same wall
        return replace(trial, failure=error.message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def refine(request: Request, asked: Asked, telling: Telling) -> Refined:
    """A whole series in this process, without a scheduler."""
    with Refining(request, asked, telling) as work:
        while isinstance(step := work.decide(), Draw):
            work.attempt(step)
        return work.close(step)


def _seed(request: Request, sources: Sources) -> int | None:
    """The seed of the request, else the one the project fixes; None where one is to be drawn."""
    if request.seed is not None:
        return None if request.seed == DRAW_SEED else request.seed
    return cast("int | None", sources.values.get(Role.SEED))


def _plan(asked: Asked, request: Request, seed: int) -> RefinePlan:
    table = refinement_table()
    name = asked.strategy or table.strategy
    rows = table.strategies.of(name)
    for value, setting in ((request.steps, "steps"), (request.cfg, "cfg")):
        if value is not None and any(getattr(row, setting) is not None for row in rows.attempts):
            message = f"strategy {name} sets {setting} itself; leave --{setting} out"
            raise UsageError("generate-request", message)
    if request.count != 1:
        raise UsageError("generate-request", "one series is refined at a time; leave --count out")
    return RefinePlan(
        strategy=name,
        table=rows,
        threshold=table.threshold if asked.threshold is None else asked.threshold,
        max_attempts=table.max_attempts if asked.max_attempts is None else asked.max_attempts,
        seed=seed,
    )


def _fitted(plan: RefinePlan, base: Prepared) -> RefinePlan:
    """The plan without settings that this workflow has no place for."""
    places = find_roles(base.graphs[0], base.bindings).places
    if Role.SEED not in places or base.seeds != (plan.seed,):
        why = "--set fixes the seed" if Role.SEED in places else "this workflow has no seed"
        raise UsageError("generate-request", f"{why}: attempts would hardly differ")
    absent = {role.value: None for role in (Role.STEPS, Role.CFG) if role not in places}
    rows = tuple(row.model_copy(update=absent) for row in plan.table.attempts)
    table = Strategy(seed=plan.table.seed, attempts=rows)
    return plan.model_copy(update={"table": table})
