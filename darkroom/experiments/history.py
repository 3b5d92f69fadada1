"""What the store holds of an experiment: the plans of its runs, its images, what became of them.

Owns two documents. The plan of a run, written once when it begins, at
`<project>/working/experiments/<experiment>/<run>.json`, says which cell and seed each
iteration means. Events beside the run's images, `<run>/experiment/<ulid>.json`, say what no
sidecar of the run says: further cells, an image that was found elsewhere, one judged anew,
a failure, the end. Everything else is read from the sidecars.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from darkroom.adapters.stores.protocol import Store
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError, KeyNotFound, SidecarDamaged
from darkroom.core.experiments.cells import Cell, Result
from darkroom.core.experiments.deciding import Entry
from darkroom.core.keys import RunKeys, is_run_id, sidecar_key
from darkroom.core.sidecar import Sidecar, moment, read_any
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid
from darkroom.writepath.desk import Desk

PLAN = "darkroom.experiment/1"
EVENT = "darkroom.experiment_event/1"
FOLDER = "experiments"
_JSON = "application/json"
_AT_A_TIME = 16
"""Documents under way: most of the time is waiting, where the store is a bucket."""
Document = Mapping[str, Any]
Name = tuple[str, int, int]
_T = TypeVar("_T")
_U = TypeVar("_U")


@dataclass(frozen=True)
class Kept:
    """One image of the experiment that is there."""

    entry: Entry
    run_id: str
    image: str
    judging: str | None
    score: float | None
    passed: bool | None
    seconds: float | None
    size_bytes: int | None
    host: str | None
    engine: str | None
    """Kind and version of the server that drew it."""
    attempts: int = 1
    """Images that were drawn for it, where it was refined."""

    @property
    def result(self) -> Result:
        """As decisions see it."""
        cell, seed, repeat = self.entry.name
        said = (self.image, self.score, self.passed, self.seconds)
        return Result(cell, seed, repeat, *said, cause=None, engine=self.engine)


@dataclass(frozen=True)
class RunPlan:
    """What one run set out to draw."""

    keys: RunKeys
    at: str
    entries: tuple[Entry, ...]
    """The iteration of an entry is its place, from 1."""
    seeds: tuple[int, ...]
    cells: Mapping[str, Document]
    digest: str
    """Identifies what was declared."""
    judging: str | None
    attempts: int = 1
    """So many iterations belong to one entry; with more than one, its end is an event."""
    declared: Document = field(default_factory=dict[str, Any])
    """What the file said."""
    is_closed: bool = False
    failures: Mapping[Name, str] = field(default_factory=dict[Name, str])
    drawn: int = 0
    """Images that lie in its own folder, attempts included."""


@dataclass(frozen=True)
class History:
    """Everything earlier runs of an experiment left."""

    plans: tuple[RunPlan, ...]
    """Oldest first."""
    kept: Mapping[Name, Kept]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed of earlier runs, those of the latest first: the next one begins with them."""
        return tuple(dict.fromkeys(seed for plan in reversed(self.plans) for seed in plan.seeds))

    @property
    def drawn(self) -> int:
        """Images in the folders of all runs, attempts included."""
        return sum(plan.drawn for plan in self.plans)

    @property
    def open_plan(self) -> RunPlan | None:
        """The latest run, unless it came to its end."""
        latest = self.plans[-1] if self.plans else None
        return None if latest is None or latest.is_closed else latest


def plan_key(keys: RunKeys, experiment: str) -> str:
    """Where the plan of a run lies."""
    return f"{keys.project}/working/{FOLDER}/{experiment}/{keys.run_id}.json"


def write_plan(desk: Desk, experiment: str, plan: RunPlan) -> None:
    """Make the plan durable, before anything is drawn."""
    document: dict[str, object] = {
        "schema": PLAN,
        "experiment": experiment,
        "run_id": plan.keys.run_id,
        "at": plan.at,
        "digest": plan.digest,
        "judging": plan.judging,
        "attempts": plan.attempts,
        "seeds": list(plan.seeds),
        "cells": dict(plan.cells),
        "entries": plain_entries(plan.entries),
        "declared": dict(plan.declared),
    }
    _put(desk, plan_key(plan.keys, experiment), document)


def add_event(desk: Desk, keys: RunKeys, kind: str, content: Mapping[str, object]) -> None:
    """Append one event to a run."""
    now = desk.now()
    name = ulid(milliseconds(now), secrets.randbits(RANDOM_BITS))
    document = {"schema": EVENT, "kind": kind, "at": moment(now), **content}
    _put(desk, f"{_events(keys)}{name}.json", document)


def plain_cell(cell: Cell) -> dict[str, object]:
    """A cell as plans keep it."""
    return {
        "labels": [list(pair) for pair in cell.labels.items()],  # their order is that of the axes
        "settings": dict(cell.settings),
        "prompt": cell.prompt,
        "negative": cell.negative,
        "loras": [list(pair) for pair in cell.loras],
        "variations": list(cell.variations),
        "combination_hash": cell.combination_hash,
    }


def read_cell(name: str, document: Document) -> Cell:
    """The cell of `plain_cell`."""
    return Cell(
        id=name,
        labels=dict(document["labels"]),
        settings=document["settings"],
        prompt=document["prompt"],
        negative=document["negative"],
        loras=tuple((lora, float(strength)) for lora, strength in document["loras"]),
        variations=tuple(document["variations"]),
        combination_hash=document["combination_hash"],
    )


def plain_entries(entries: Iterable[Entry]) -> list[list[object]]:
    """Entries as plans keep them."""
    return [[each.cell, each.seed, each.seed_index, each.repeat] for each in entries]


def read_history(store: Store, project: str, experiment: str) -> History:
    """Read everything earlier runs left, several sidecars at a time."""
    plans: list[RunPlan] = []
    kept: dict[Name, Kept] = {}
    for run, written in _written(store, f"{project}/working/{FOLDER}/{experiment}/"):
        plan, images = _run(store, RunKeys(project, run), written)
        plans.append(plan)
        for image in images:
            kept[image.entry.name] = _better(kept.get(image.entry.name), image)
    return History(tuple(plans), kept)


def _written(store: Store, prefix: str) -> list[tuple[str, Document]]:
    """What the runs set out to do, the earliest first: keys list `..-2.json` before `...json`."""
    runs = {key: key.rpartition("/")[2].removesuffix(".json") for key in store.iter_keys(prefix)}
    found = [(run, _document(store, key)) for key, run in runs.items() if is_run_id(run)]
    return sorted(found, key=lambda each: str(each[1].get("at")))


def read_kept(store: Store, entry: Entry, run: str, image: str) -> Kept:
    """One image that was committed a moment ago."""
    key = sidecar_key(image)
    return _kept(entry, run, image, read_any(store.get(key), key=key).sidecar)


def _better(known: Kept | None, found: Kept) -> Kept:
    """A later image counts, and a later judging; one merely found again changes nothing."""
    if known is None or found.judging is not None or found.image != known.image:
        return found
    return known


def _run(store: Store, keys: RunKeys, written: Document) -> tuple[RunPlan, list[Kept]]:
    plan = _plan(keys, written)
    keys_of_events = list(store.iter_keys(_events(keys)))
    events = _each(lambda key: _document(store, key), keys_of_events)
    failures: dict[Name, str] = {}
    told: list[Document] = []
    for key, event in zip(keys_of_events, events, strict=True):
        try:
            plan = _after(plan, event, failures, told)
        except (KeyError, TypeError, ValueError) as exc:
            raise _damaged(key, exc) from exc
    plan = replace(plan, entries=tuple({each.name: each for each in plan.entries}.values()))
    lie = set(store.iter_keys(f"{keys.root}/images/"))
    images = list(_drawn(store, plan, lie)) if plan.attempts == 1 else []
    by_key = {image.image: image for image in images}
    images += [image for image in _each(lambda e: _told(store, keys, e, by_key), told) if image]
    there = {image.entry.name for image in images}
    failed = {name: why for name, why in failures.items() if name not in there}
    drawn = sum(sidecar_key(key) in lie for key in lie)
    return replace(plan, failures=failed, drawn=drawn), images


def _after(
    plan: RunPlan, event: Document, failures: dict[Name, str], told: list[Document]
) -> RunPlan:
    match event["kind"]:
        case "further":
            more = _entries(event["entries"])
            return replace(
                plan,
                entries=(*plan.entries, *more),
                cells={**plan.cells, **event["cells"]},
                is_closed=False,
            )
        case "failed":
            failures[_entry(event["entry"]).name] = str(event["cause"])
        case "found" | "judged":
            told.append(event)
        case "closed":
            return replace(plan, is_closed=True)
        case "opened":
            return replace(plan, is_closed=False)
        case _:
            pass  # a later version's; it does not concern this one
    return plan


def _plan(keys: RunKeys, written: Document) -> RunPlan:
    try:
        return RunPlan(
            keys=keys,
            at=str(written["at"]),
            entries=_entries(written["entries"]),
            seeds=tuple(int(seed) for seed in written["seeds"]),
            cells=cast("Mapping[str, Document]", written["cells"]),
            digest=str(written["digest"]),
            judging=written["judging"],
            attempts=int(written["attempts"]),
            declared=cast("Document", written["declared"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise _damaged(plan_key(keys, "?"), exc) from exc


def _entries(written: Sequence[Sequence[Any]]) -> tuple[Entry, ...]:
    return tuple(_entry(each) for each in written)


def _entry(written: Sequence[Any]) -> Entry:
    cell, seed, index, repeat = written
    return Entry(str(cell), int(seed), int(index), int(repeat))


def _drawn(store: Store, plan: RunPlan, there: Collection[str]) -> Iterator[Kept]:
    """The images of a run, by its sidecars."""
    wanted = [
        (entry, plan.keys.image(number))
        for number, entry in enumerate(plan.entries, 1)
        if plan.keys.image(number) in there and plan.keys.sidecar(number) in there
    ]

    by_place = {(e.cell, e.seed_index, e.repeat): e for e in plan.entries}

    def read(item: tuple[Entry, str]) -> Kept | None:
        sidecar = _sidecar(store, item[1])
        if sidecar is None:
            return None
        said = sidecar.experiment  # what the image says it is counts, not where it lies
        place = said and (said.cell, said.seed_index, said.repeat)
        entry = by_place.get(place) if place else item[0]
        return entry and _kept(entry, plan.keys.run_id, item[1], sidecar)

    return (kept for kept in _each(read, wanted) if kept is not None)


def _each(act: Callable[[_T], _U], items: Sequence[_T]) -> list[_U]:
    """The same for each, several at a time, in their order."""
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        return list(threads.map(act, items))


def _kept(entry: Entry, run: str, image: str, sidecar: Sidecar) -> Kept:
    place, cost, drew = sidecar.experiment, sidecar.cost, sidecar.engine
    return Kept(
        entry=entry,
        run_id=run,
        image=image,
        judging=place.judging if place else None,
        score=place.score if place else None,
        passed=place.passed if place else None,
        seconds=cost.seconds if cost else None,
        size_bytes=sidecar.identity.size_bytes,
        host=drew.host if drew else None,
        engine=f"{drew.kind}/{drew.version}" if drew else None,
    )


def _told(store: Store, keys: RunKeys, event: Document, known: Mapping[str, Kept]) -> Kept | None:
    """An image that an event speaks of, as far as it is still there."""
    entry, image = _entry(event["entry"]), str(event["image"])
    if (kept := known.get(image)) is None:
        sidecar = _sidecar(store, image)
        if sidecar is None:
            return None
        kept = _kept(entry, keys.run_id, image, sidecar)
    said = {name: event[name] for name in ("judging", "score", "passed", "seconds")}
    return replace(kept, entry=entry, attempts=int(event.get("attempts", 1)), **said)


def _sidecar(store: Store, image: str) -> Sidecar | None:
    key = sidecar_key(image)
    try:
        return read_any(store.get(key), key=key).sidecar
    except (KeyNotFound, SidecarDamaged):
        return None  # no commit, so no image; reconcile reports it


def _document(store: Store, key: str) -> Document:
    try:
        document = json.loads(store.get(key))
    except ValueError as exc:
        raise _damaged(key, exc) from exc
    if not isinstance(document, dict):
        raise _damaged(key, TypeError("an object"))
    return cast("Document", document)


def _damaged(key: str, cause: Exception) -> DataError:
    message = f"lacks or misplaces {str(cause)[:80]}"
    return DataError("experiment-document-damaged", message, where=key)


def _events(keys: RunKeys) -> str:
    return f"{keys.root}/experiment/"


def _put(desk: Desk, key: str, document: Mapping[str, object]) -> None:
    desk.store.put(key, canonical_json(document) + b"\n", _JSON)
