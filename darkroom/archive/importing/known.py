"""What a project in the store holds already, as far as imports go.

Owns the record of an import, one small document per run and import, and the index made of
them. An import that was cut off left images without a record: those are read from their
sidecars, so that nothing is ever taken over twice.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from darkroom.adapters.stores.protocol import Store
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DarkroomError
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import parse

SCHEMA: Final = "darkroom.import/1"
_SIDECAR = re.compile(r"images/iteration_(\d+)\.(?:png|jpg|webp)\.json\Z")
_RECORD = re.compile(r"imports/[0-7][0-9a-hjkmnp-tv-z]{25}\.json\Z")


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
    for run in known.runs.values():
        covered = _recorded(store, run, known)
        if run.records or _is_imported(run):
            _unrecorded(store, run.sidecars - covered, known)
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


def _recorded(store: Store, run: KnownRun, known: Known) -> set[str]:
    covered: set[str] = set()
    for key in run.records:
        try:
            document = cast("dict[str, Any]", json.loads(store.get(key)))
            images = cast("list[dict[str, str]]", document["images"])
            pairs = [(str(one["sha256"]), str(one["image"])) for one in images]
        except (DarkroomError, ValueError, KeyError, TypeError):
            continue  # its images are read from their sidecars instead
        for sha256, image in pairs:
            if f"{image}.json" in run.sidecars:
                known.by_sha256.setdefault(sha256, image)
                covered.add(f"{image}.json")
    return covered


def _unrecorded(store: Store, sidecars: set[str], known: Known) -> None:
    for key in sorted(sidecars):
        try:
            identity = parse(store.get(key), key=key).identity
        except DarkroomError:
            continue  # no commit; `reconcile` reports it
        if identity.sha256 and identity.key:
            known.by_sha256.setdefault(identity.sha256, identity.key)


def record(
    run: RunKeys, at: str, kind: str, session: str, images: Sequence[Mapping[str, str]]
) -> bytes:
    """The document that says which images of a session one import took over."""
    document = {
        "schema": SCHEMA,
        "run": f"{run.project}/{run.run_id}",
        "at": at,
        "kind": kind,
        "session": session,
        "images": [dict(image) for image in images],
    }
    return canonical_json(document) + b"\n"
