"""Jobs that stopped one server after another: listed, left alone, released by a person.

Owns the events `<project>/working/poison/<job_key>/<ULID>.json`. They are only ever added,
and the latest says how things stand, so a restart of anything meets the same answer and
no job stops a fleet twice.
"""

import re
import secrets
import threading
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import UsageError
from darkroom.core.sidecar import moment
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid
from darkroom.writepath.desk import Desk
from darkroom.writepath.intents import Intent, Record, first_problem
from darkroom.writepath.ledger import JSON
from darkroom.writepath.outcomes import NotDrawn

FOLDER = "poison"
_MAX_BYTES = 100_000
_EVENT = re.compile(r"/[0-9a-f]{64}/[^/]+\.json\Z")


class Poison(Record):
    """One event: the job was set aside, or released."""

    document: Literal["darkroom/poison"] = Field(default="darkroom/poison", alias="schema")
    version: Literal[1] = 1
    event: Literal["quarantined", "released"]
    job_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    project: str
    run_id: str | None = None
    iteration: Annotated[int, Field(ge=1)] | None = None
    host: str | None = None
    """The last server that lost it."""
    cause: str | None = None
    message: str | None = None
    at: str

    @property
    def prefix(self) -> str:
        """Where the events of this job lie."""
        return f"{_folder(self.project)}{self.job_key}/"


class Quarantine:
    """The jobs of a store that are set aside; each project is listed once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._held: dict[str, dict[str, Poison]] = {}
        self._lock = threading.Lock()

    def held(self, project: str, job_key: str) -> Poison | None:
        """Why the job is left alone, or None."""
        with self._lock:
            if project not in self._held:
                found = quarantined(self._desk.store, project)
                self._held[project] = {each.job_key: each for each in found}
            return self._held[project].get(job_key)

    def set_aside(self, intent: Intent, ended: NotDrawn) -> None:
        """Leave the job alone from now on, here and everywhere."""
        event = Poison(
            event="quarantined",
            job_key=intent.job_key,
            project=intent.project,
            run_id=intent.run_id,
            iteration=intent.iteration,
            host=intent.host,
            cause=ended.cause,
            message=self._desk.redact(ended.message)[:2000],
            at=moment(self._desk.now()),
        )
        _add(self._desk, event)
        with self._lock:
            self._held.setdefault(intent.project, {})[intent.job_key] = event


def quarantined(store: Store, project: str) -> tuple[Poison, ...]:
    """Every job of the project that is set aside, the oldest event first."""
    keys = filter(_EVENT.search, store.iter_keys(_folder(project)))
    latest = {key.rpartition("/")[0]: key for key in keys}
    events = [_read(store, key) for key in sorted(latest.values(), key=_name)]
    return tuple(event for event in events if event.event == "quarantined")


def release(desk: Desk, projects: list[str], name: str) -> Poison:
    """Let a job be drawn again; `name` is its key, or as much of it as is needed."""
    held = [event for project in projects for event in quarantined(desk.store, project)]
    found = [event for event in held if event.job_key.startswith(name.lower())]
    if len(found) != 1:
        what = "several jobs have" if found else "no job that is set aside has"
        raise UsageError("poison-unknown", f"{what} a key beginning with {name[:64]!r}")
    event = found[0].model_copy(update={"event": "released", "at": moment(desk.now())})
    _add(desk, event)
    return event


def _folder(project: str) -> str:
    return f"{project}/working/{FOLDER}/"


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _add(desk: Desk, event: Poison) -> None:
    name = ulid(milliseconds(desk.now()), secrets.randbits(RANDOM_BITS))
    desk.store.put(f"{event.prefix}{name}.json", event.as_bytes(), JSON)


def _read(store: Store, key: str) -> Poison:
    """An event; what cannot be read holds its job back, and no other."""
    project, _, _, job_key, _ = key.split("/")
    try:
        return Poison.model_validate_json(store.get(key)[:_MAX_BYTES])
    except (ValidationError, RecursionError) as exc:
        why = f"the record cannot be read: {first_problem(exc)}"
    return Poison(
        event="quarantined", job_key=job_key, project=project, cause="damaged", message=why, at=""
    )
