"""What a project in the store holds already, as far as imports go.

Owns the record of an import, one small document per run and batch, and the index made of
them. An import that was cut off left images without a record, a batch of them at most: those
are read from their sidecars, so that nothing is ever taken over twice.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.fetching import Content, contents
from darkroom.archive.importing.readable import readable_json
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import SidecarDamaged
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import Sidecar, parse

SCHEMA: Final = "darkroom.import/1"
_SIDECAR = re.compile(r"images/iteration_(\d+)\.(?:png|jpg|webp)\.json\Z")
_RECORD = re.compile(r"imports/[0-7][0-9a-hjkmnp-tv-z]{25}\.json\Z")


@dataclass(frozen=True)
class Taken:
    """One image that was taken over, as a record names it."""

    image: str
    """Its key."""
    name: str
    """Its name in the source."""
    sha256: str


@dataclass
class KnownRun:
    """One run that an import may go on with."""

    keys: RunKeys
    taken: set[int] = field(default_factory=set[int])
    """Numbers with a sidecar; an image without one is left over and is written anew."""
    sidecars: set[str] = field(default_factory=set[str])
    records: list[str] = field(default_factory=list[str])
    others: set[str] = field(default_factory=set[str])
    """Every other key of the run."""
    unrecorded: list[Taken] = field(default_factory=list[Taken])
    """Images that were taken over and that no record names."""
    title: str = ""
    """What their sidecars call the session they came from."""
    _before: int = 0

    def take_number(self) -> int:
        """The next free number."""
        number = self._before + 1
        while number in self.taken:
            number += 1
        self.taken.add(number)
        self._before = number
        return number


@dataclass
class Known:
    """Runs by the identity of the session they hold, and images by their content."""

    project: str
    runs: dict[str, KnownRun] = field(default_factory=dict[str, KnownRun])
    by_sha256: dict[str, str] = field(default_factory=dict[str, str])


def look(store: Store, project: str) -> Known:
    """List the project once and read its records of imports."""
    known = Known(project)
    for key in store.iter_keys(f"{project}/working/"):
        _, _, run_id, *rest = key.split("/")
        if rest:
            run = known.runs.setdefault(run_id, KnownRun(RunKeys(project, run_id)))
            _note(run, key, "/".join(rest))
    covered = _read_records(store, known)
    _read_unrecorded(store, known, covered)
    return known


def _is_imported(run: KnownRun) -> bool:
    """Whether an import made the run: those that were drawn have intents."""
    return not any("/intents/" in key or key.endswith("/run.json") for key in run.others)


def _note(run: KnownRun, key: str, place: str) -> None:
    if found := _SIDECAR.match(place):
        run.sidecars.add(key)
        run.taken.add(int(found[1]))
    elif _RECORD.match(place):
        run.records.append(key)
    else:
        run.others.add(key)


def _read_records(store: Store, known: Known) -> set[str]:
    """Take in what the records name and the store still has; returns those sidecars."""
    runs = {key: run for run in known.runs.values() for key in run.records}
    covered: set[str] = set()
    for key, content in contents(store, sorted(runs)):
        for sha256, image in _named(content):
            if f"{image}.json" in runs[key].sidecars:
                known.by_sha256.setdefault(sha256, image)
                covered.add(f"{image}.json")
    return covered


def _named(content: Content) -> list[tuple[str, str]]:
    """The images of a record; none where it is damaged, and their sidecars are read instead."""
    try:
        document = cast("dict[str, Any]", json.loads(cast("bytes", content)))
        images = cast("list[dict[str, str]]", document["images"])
        return [(str(one["sha256"]), str(one["image"])) for one in images]
    except (ValueError, KeyError, TypeError):
        return []


def _read_unrecorded(store: Store, known: Known, covered: set[str]) -> None:
    """Read the sidecars that no record names."""
    runs = {
        sidecar: run
        for run in known.runs.values()
        if run.records or _is_imported(run)
        for sidecar in run.sidecars - covered
    }
    for key, content in contents(store, sorted(runs)):
        if not isinstance(content, bytes):
            continue
        with suppress(SidecarDamaged):  # no commit; `reconcile` reports it
            said = parse(content, key=key)
            if said.identity.sha256 and said.identity.key:
                known.by_sha256.setdefault(said.identity.sha256, said.identity.key)
                _note_unrecorded(runs[key], said)


def _note_unrecorded(run: KnownRun, said: Sidecar) -> None:
    told = said.extra.get("/imported")
    origin = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    run.title = run.title or str(origin.get("session", ""))
    name = str(origin.get("name", ""))
    run.unrecorded.append(Taken(str(said.identity.key), name, str(said.identity.sha256)))


def record(run: RunKeys, at: str, kind: str, session: str, images: Sequence[Taken]) -> bytes:
    """The document that says which images of a session one import took over."""
    document = {
        "schema": SCHEMA,
        "run": f"{run.project}/{run.run_id}",
        "at": at,
        "kind": kind,
        "session": session,
        "images": [asdict(image) for image in images],
    }
    return canonical_json(readable_json(document)) + b"\n"
