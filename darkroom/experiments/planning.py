"""What an experiment means and will cost, before anything is drawn or written.

Owns the plan that `darkroom experiment plan` shows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice

from darkroom.adapters.optimiser import lacking
from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.deciding import Entry
from darkroom.core.experiments.expanding import combinations, probes
from darkroom.core.experiments.versions import counted, foretold, mixed
from darkroom.experiments.attempts import plan_of, steps_of
from darkroom.experiments.estimating import Estimate, estimate
from darkroom.experiments.history import Kept, Name
from darkroom.experiments.opening import Opened, opened


@dataclass(frozen=True)
class PlannedCell:
    """One cell as a row of the plan."""

    cell: str
    labels: Mapping[str, Scalar]
    prompt: str
    negative: str
    there: int
    again: int
    missing: int


@dataclass(frozen=True)
class Plan:
    """What an experiment means."""

    name: str
    description: str
    workflow: str
    hosts: tuple[str, ...]
    judge: str
    cells: tuple[PlannedCell, ...]
    combinations: int
    """Before the constraints."""
    seeds: tuple[int, ...] | int
    """How many, as long as they are not drawn yet."""
    repeats: int
    images: int
    there: int
    again: int
    """There, and to be judged by other rules than they were."""
    to_draw: int
    cut: int
    """Missing images that the budget does not allow."""
    attempts: int
    """So many images at most for each of these, where they are refined."""
    estimate: Estimate
    """With all attempts."""
    models: tuple[str, ...]
    warnings: tuple[str, ...]
    adaptive: Mapping[str, object] | None
    goes_on_with: str | None
    """The run that would be continued."""
    engines: Mapping[str, int]
    """How many of the images that exist each version drew."""
    mixed: int
    """Cells that will hold images of several versions."""
    outdated: int
    """Images that exist and are drawn anew, because another version drew them."""


def plan(name: str) -> Plan:
    """Read, compare with the servers, count; draws nothing and writes nothing."""
    with opened(name) as work:
        return _plan(work)


def _plan(work: Opened) -> Plan:
    experiment, told = work.experiment, work.experiment.declared
    seeds = work.seeds()
    last = work.last_same
    chosen = last.entries if last and told.adaptive else ()
    entries = chosen or work.entries(seeds, work.cells)
    kept, drawn = work.there(entries), work.drawn(entries)
    again = [name for name, image in kept.items() if not work.counts(image)]
    missing = tuple(entry for entry in entries if entry.name not in kept)
    attempts, warnings = steps_of(plan_of(experiment, 0)), work.checked.warnings
    waiting, cut = _within_budget(work, missing, len(kept), len(attempts))
    each = len(seeds) * told.repeats
    trials = told.adaptive.trials if told.adaptive else 0
    left = max(0, trials * each - len(kept))
    engines = counted(image.engine for image in drawn.values())
    mix = mixed(_versions(work, entries, kept).values())
    if told.adaptive:
        waiting, cut = (), 0
    return Plan(
        name=work.declared.name,
        description=told.description,
        workflow=work.base.sources.workflow.name,
        hosts=tuple(work.hosts),
        judge=told.judge,
        cells=_cells(work, entries),
        combinations=combinations(experiment),
        seeds=seeds if _are_known(work, seeds) else len(seeds),
        repeats=told.repeats,
        images=trials * each or len(entries),
        there=len(kept),
        again=len(again),
        to_draw=left if told.adaptive else len(waiting),
        cut=cut,
        attempts=len(attempts),
        estimate=estimate(work, waiting or _as_if(work, seeds, -(-left // each)), attempts),
        models=tuple(work.checked.models),
        warnings=(
            *work.base.notes,
            *work.away,
            *_of_versions(work, engines, mix),
            *_of_stop(work),
            *_of_optimiser(work),
            *warnings,
        ),
        adaptive=told.adaptive.model_dump(mode="json") if told.adaptive else None,
        goes_on_with=_open_run(work),
        engines=engines,
        mixed=mix,
        outdated=len(drawn) - len(kept),
    )


def _versions(
    work: Opened, entries: tuple[Entry, ...], kept: Mapping[Name, Kept]
) -> Mapping[str, set[str]]:
    """By cell, what drew its images or may draw them."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        engine = kept[entry.name].engine if entry.name in kept else None
        found.setdefault(entry.cell, set()).update(work.engines if engine is None else (engine,))
    return found


def _of_versions(work: Opened, engines: Mapping[str, int], mix: int) -> tuple[str, ...]:
    is_strict = work.experiment.declared.versions == "current"
    now, cells = sorted(work.engines), len(work.cells)
    said = foretold(engines, now, cells, mix, is_strict=is_strict)
    return () if said is None else (said,)


def _of_optimiser(work: Opened) -> Iterator[str]:
    """The plan may be made on another machine than the images: it is told, not refused."""
    adaptive = work.experiment.declared.adaptive
    if adaptive is not None and (missing := lacking(adaptive.sampler)):
        yield f"adaptive: {missing}; install the extra `models` where it is run"


def _of_stop(work: Opened) -> Iterator[str]:
    """Rules that mean something else than whoever wrote them may think."""
    experiment, stop = work.experiment, work.experiment.declared.stop
    has_rule = stop.worse or stop.interval is not None or stop.target is not None
    seeds = experiment.seed_count
    if has_rule and seeds < stop.after:
        yield f"stop: counts from {stop.after} seeds on, and there are {seeds}: it never does"
    if stop.interval is not None and stop.interval > experiment.scale:
        yield (
            f"stop: every interval is narrower than {stop.interval:g}, scores go to "
            f"{experiment.scale:g}: it ends every cell after {stop.after} seeds"
        )


def _within_budget(
    work: Opened, missing: tuple[Entry, ...], there: int, attempts: int
) -> tuple[tuple[Entry, ...], int]:
    most = work.experiment.declared.budget.images
    if most is None:
        return missing, 0
    # as a run counts: every attempt is an image
    left = max(0, most - (work.history.drawn if attempts > 1 else there))
    return missing[:left], max(0, len(missing) - left)


def _as_if(work: Opened, seeds: tuple[int, ...], trials: int) -> tuple[Entry, ...]:
    """As many images as an optimiser may ask for, of cells such as it may choose."""
    repeats = work.experiment.declared.repeats
    such = cycle([cell.id for cell in probes(work.experiment, work.base.start)] or [""])
    return tuple(
        Entry(cell, seed, index, repeat)
        for cell in islice(such, trials)
        for index, seed in enumerate(seeds)
        for repeat in range(1, repeats + 1)
    )


def _are_known(work: Opened, seeds: tuple[int, ...]) -> bool:
    told = work.experiment.seeds
    return not isinstance(told, int) or seeds == work.history.seeds[: len(seeds)]


def _cells(work: Opened, entries: tuple[Entry, ...]) -> tuple[PlannedCell, ...]:
    by_cell: dict[str, list[Entry]] = {}
    for entry in entries:
        by_cell.setdefault(entry.cell, []).append(entry)
    kept = work.there(entries)
    found: list[PlannedCell] = []
    for cell in work.cells:
        own = [kept.get(entry.name) for entry in by_cell.get(cell.id, [])]
        there = sum(image is not None and work.counts(image) for image in own)
        again = sum(image is not None and not work.counts(image) for image in own)
        missing = len(own) - there - again
        found.append(
            PlannedCell(cell.id, cell.labels, cell.prompt, cell.negative, there, again, missing)
        )
    return tuple(found)


def _open_run(work: Opened) -> str | None:
    last = work.history.open_plan
    is_same = last is not None and last.digest == work.digest
    return last.keys.run_id if last is not None and is_same else None
