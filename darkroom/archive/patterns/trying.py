"""A trial: draw fresh images with a pattern and without it, and let the judge look.

Owns the order: the plan is durable before anything is drawn, every image goes through the
write path, and what came of it is read from the warehouse like everything else. A trial
that was cut off is finished by `darkroom reconcile`, or by people who look at its images.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.patterns.analysing import Analysis
from darkroom.archive.patterns.examining import examiner_of
from darkroom.archive.patterns.planning import pairing
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import DarkroomError, KeyNotFound, UsageError
from darkroom.core.keys import RunKeys, run_id, sidecar_key
from darkroom.core.pattern_trials import PatternTrial, TrialItem, serialise, trial_key
from darkroom.core.patterns import Items, Pattern
from darkroom.core.sidecar import Sidecar, moment, parse
from darkroom.core.text import shortened
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Role
from darkroom.writepath.batch import draw_batch
from darkroom.writepath.desk import Committed, Desk, Ended, Job, Waiting
from darkroom.writepath.fleet_terms import BatchResult, Broke, Slot, free
from darkroom.writepath.intents import Bag
from darkroom.writepath.ledger import INPUTS
from darkroom.writepath.opening import Hosts, opened_desk

USUAL_COUNT = 12
MOST_COUNT = 1_000
_SEEDS = 1 << 53
_LONGEST_REASON = 400
_LOOKED_AT = 20
"""So many times as many images as are wanted are tried before a trial is given up."""
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Tried:
    """What was drawn to confirm or refute one pattern."""

    items: Items
    trial: PatternTrial | None
    drawn: int
    judge: str | None
    """Who looked at the images; None leaves it to people."""
    note: str = ""


@dataclass(frozen=True)
class _Source:
    """One image that can be drawn again."""

    sidecar: Sidecar
    inputs: Mapping[str, bytes]


@dataclass(frozen=True)
class _Drawing:
    """Where a trial is drawn, and who hears of it."""

    renderer: Renderer
    tell: Tell
    slot: Slot


def try_pattern(
    lab: Lab,
    analysis: Analysis,
    pattern: Pattern,
    count: int,
    tell: Tell = lambda _count: None,
    slot: Slot = free,
) -> Tried:
    """Draw the trial of one pattern: so many images on each side.

    `slot` is held while a server works.
    """
    if not 1 <= count <= MOST_COUNT:
        message = f"a trial draws 1 to {MOST_COUNT} images on each side, not {count}"
        raise UsageError("patterns-limits", message)
    with ExitStack() as stack:
        desk = stack.enter_context(opened_desk(lab))
        with_it, without_it = _sources(desk.store, analysis, pattern.items, count)
        if not with_it or not without_it:
            why = (
                "no image on one side can be drawn again: their sidecars hold no graph with a seed"
            )
            return Tried(pattern.items, None, 0, None, why)
        renderer = Hosts(lab, (), stack)[_host(lab, [*with_it, *without_it])]
        drawing = _Drawing(renderer, tell, slot)
        return _drawn(lab, desk, drawing, pattern, (with_it, without_it))


def _sources(
    store: Store, analysis: Analysis, items: Items, count: int
) -> tuple[list[_Source], list[_Source]]:
    """Pairs of images that can be drawn again, as many as wanted; few are used several times."""
    table = analysis.table
    order = list(range(table.count))
    secrets.SystemRandom().shuffle(order)
    pairs = pairing(table, items, order, count * _LOOKED_AT)
    read: dict[int, _Source | None] = {}

    def source(row: int) -> _Source | None:
        if row not in read:
            read[row] = _source(store, table.keys[row])
        return read[row]

    found: list[tuple[_Source, _Source]] = []
    for one, other in zip(pairs.with_pattern, pairs.without_pattern, strict=True):
        first, second = source(one), source(other)
        if first is not None and second is not None:
            found.append((first, second))
        if len(found) == count:
            break
    if not found:
        return [], []
    several = [found[at % len(found)] for at in range(count)]
    return [first for first, _ in several], [second for _, second in several]


def _source(store: Store, image: str) -> _Source | None:
    try:
        sidecar = parse(store.get(sidecar_key(image)), key=image)
        graph = read_graph(sidecar.workflow.graph or {})
        patch(graph, {Role.SEED: 0})
        return _Source(sidecar, _inputs(store, sidecar, read_back(graph).image))
    except DarkroomError:
        return None


def _inputs(store: Store, sidecar: Sidecar, name: str | None) -> Mapping[str, bytes]:
    """The image a graph starts from, as the write path kept it."""
    if name is None:
        return {}
    prefix = f"{sidecar.identity.project}/working/{INPUTS}/"
    for parent in sidecar.parents:
        for key in store.iter_keys(f"{prefix}{parent.sha256}"):
            return {name: store.get(key)}
    raise KeyNotFound("store-key-missing", "the input image is not kept", where=prefix)


def _host(lab: Lab, sources: Sequence[_Source]) -> str:
    """The server that drew most of them, where it is configured still; else the usual one."""
    known = {*lab.config.hosts, EMBEDDED}
    named = [one.sidecar.engine.host for one in sources if one.sidecar.engine is not None]
    usable = [name for name in named if name in known]
    usual = Comfy(host=next(iter(lab.config.hosts), EMBEDDED)).host
    return max(sorted(set(usable)), key=usable.count, default=usual)


def _drawn(
    lab: Lab,
    desk: Desk,
    drawing: _Drawing,
    pattern: Pattern,
    sides: tuple[list[_Source], list[_Source]],
) -> Tried:
    sources = [*sides[0], *sides[1]]
    project = sides[0][0].sidecar.identity.project or ""
    receipt = drawing.renderer.receipt()
    keys = _new_run(desk, project)
    examiner = examiner_of(lab, project, [one.sidecar for one in sources], receipt.kind)
    asked: Bag = {"judge": examiner[0]} if examiner else {}
    engine = receipt.engine
    jobs = [_job(keys, number, one, engine, asked) for number, one in enumerate(sources, 1)]
    trial = _trial(desk, keys, pattern, [job.image_key for job in jobs])
    desk.store.put(trial_key(trial), serialise(trial), "application/json")
    results = draw_batch(
        jobs,
        desk,
        drawing.renderer,
        examiner[1] if examiner else None,
        lambda _number, _result: drawing.tell(1),
        slot=drawing.slot,
    )
    drawn = sum(isinstance(result, Committed) for result in results)
    judge = examiner[0] if examiner else None
    return Tried(pattern.items, trial, drawn, judge, _why_not(results))


def _why_not(results: Sequence[BatchResult]) -> str:
    """How many were not drawn, and the commonest reason."""
    reasons = Counter(_reason(result) for result in results if not isinstance(result, Committed))
    if not reasons:
        return ""
    reason = shortened(reasons.most_common(1)[0][0], _LONGEST_REASON)
    return f"{reasons.total()} of {len(results)} were not drawn: {reason}"


def _reason(result: Ended | Waiting | Broke) -> str:
    match result:
        case Ended():
            return result.message
        case Waiting():
            return result.reason
        case Broke():
            return f"[{result.error.code}] {result.error.message}"


def _new_run(desk: Desk, project: str) -> RunKeys:
    now = desk.now()
    found = desk.store.iter_keys(f"{project}/working/{run_id(now)}")
    return RunKeys(project, run_id(now, frozenset(key.split("/")[2] for key in found)))


def _job(keys: RunKeys, number: int, source: _Source, engine: str, asked: Bag) -> Job:
    """The same graph with a fresh seed."""
    sidecar, seed = source.sidecar, secrets.randbelow(_SEEDS)
    graph = patch(read_graph(sidecar.workflow.graph or {}), {Role.SEED: seed})
    whole: dict[str, Any] = sidecar.model_dump(mode="json", by_alias=True)
    described = {name: whole[name] for name in ("input", "variations", "parents")}
    described["workflow"] = {**whole["workflow"], "graph": None}
    described["parameters"] = {**whole["parameters"], "seed": seed}
    return Job(
        keys=keys,
        iteration=number,
        graph=cast("dict[str, dict[str, Any]]", graph.as_json()),
        seed=seed,
        engine=engine,
        inputs=dict(source.inputs),
        describes=cast("Bag", described),
        asked=asked,
    )


def _trial(desk: Desk, keys: RunKeys, pattern: Pattern, images: list[str]) -> PatternTrial:
    now, half = desk.now(), len(images) // 2
    return PatternTrial(
        id=ulid(milliseconds(now), secrets.randbits(RANDOM_BITS)),
        at=moment(now),
        run=f"{keys.project}/{keys.run_id}",
        items=tuple(TrialItem(axis=item.axis, value=item.value) for item in pattern.items),
        with_pattern=tuple(images[:half]),
        without_pattern=tuple(images[half:]),
    )
