"""Name a new run so that nobody else has the name, by PUT, LIST and DELETE alone.

Two machines that begin a run in one second would both take its name. Whoever wants a name
leaves a note and looks: it is theirs if no other note asks for it; otherwise all who met let
go of it, and take one with some chance in it. A note stays until the run must have begun.

Owns `<project>/working/naming/<run id>.<ulid>.json`. Notes go around the spool, as those of
turns do: a store that does not answer keeps nobody apart, and the work goes on without.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import DarkroomError, StoreFull, StoreUnavailable, UsageError
from darkroom.core.keys import RunKeys, run_id
from darkroom.core.ulids import RANDOM_BITS, is_ulid, milliseconds, ulid, ulid_ms
from darkroom.writepath.desk import Desk

FOLDER = "naming"
_NOTE = b'{"schema": "darkroom/naming", "version": 1}\n'
_KEPT_MS = 3_600_000
"""By then a run has documents of its own, or was never begun."""
_TRIES = 20
_CHANCE_BYTES = 3


def new_run(desk: Desk, project: str) -> RunKeys:
    """A run that nobody has, on this machine or on another."""
    naming = _Naming(_behind_spool(desk.store), project)
    now = desk.now().astimezone(UTC)
    stem = run_id(now)
    taken = _begun(desk.store, project, stem) | naming.asked_for(now)
    name = run_id(now, taken)
    for _ in range(_TRIES):
        if name not in taken and naming.is_ours(name, now):
            return RunKeys(project, name)
        name = f"{stem}-{secrets.token_hex(_CHANCE_BYTES)}"
    raise UsageError("run-unnamed", f"others have taken each name for a run of {project}")


def _begun(store: Store, project: str, stem: str) -> frozenset[str]:
    # one request, however many runs there are: only the same second can be taken
    found = store.iter_keys(f"{project}/working/{stem}")
    return frozenset(key.split("/")[2] for key in found)


def _behind_spool(store: Store) -> Store:
    return store.store if isinstance(store, SpooledStore) else store


class _Note(NamedTuple):
    name: str
    left: str
    """A ULID."""


@dataclass(frozen=True)
class _Naming:
    """The notes of one project."""

    store: Store
    project: str

    def asked_for(self, now: datetime) -> frozenset[str]:
        """The names somebody asks for, or has just taken; clears away what is old."""
        names: set[str] = set()
        with suppress(StoreUnavailable):
            for note in list(self._notes()):
                if milliseconds(now) - ulid_ms(note.left) > _KEPT_MS:
                    self._clear(note)
                else:
                    names.add(note.name)
        return frozenset(names)

    def is_ours(self, name: str, now: datetime) -> bool:
        """Leave a note, and see whether it is the only one for that name."""
        mine = _Note(name, ulid(milliseconds(now), secrets.randbits(RANDOM_BITS)))
        try:
            self.store.put(self._key(mine), _NOTE, "application/json", lasting=False)
            met_others = any(note != mine for note in self._notes(f"{name}."))
        except (StoreUnavailable, StoreFull):
            return True
        if met_others:
            self._clear(mine)
        return not met_others

    def _notes(self, beginning: str = "") -> Iterator[_Note]:
        for key in self.store.iter_keys(f"{self._folder}{beginning}"):
            name, _, left = key.rpartition("/")[2].removesuffix(".json").partition(".")
            if is_ulid(left):
                yield _Note(name, left)

    def _clear(self, note: _Note) -> None:
        with suppress(DarkroomError):  # it grows old by itself
            self.store.delete(self._key(note))

    def _key(self, note: _Note) -> str:
        return f"{self._folder}{note.name}.{note.left}.json"

    @property
    def _folder(self) -> str:
        return f"{self.project}/working/{FOLDER}/"
