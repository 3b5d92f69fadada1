"""Commit what was read of a source: number in order, compose, write in batches.

Owns the order of writing. An image is durable before its sidecar, a sidecar before what a
person had said of it and before the record of the import; so a stop at any point loses
nothing and repeats nothing. Each batch waits for the disk twice.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from darkroom.adapters.stores.bulk import Parcel, put_many
from darkroom.archive.importing.composing import Place, mark, name_at, sidecar
from darkroom.archive.importing.describing import NEVER, Described, Passed, modified
from darkroom.archive.importing.known import Known, KnownRun, Taken, record
from darkroom.archive.importing.pictures import ENDINGS
from darkroom.archive.importing.readable import readable
from darkroom.archive.importing.report import ImportReport, Line, Outcome, SessionLine
from darkroom.archive.importing.sessions import Session, moment_in
from darkroom.archive.importing.told import Told
from darkroom.core import annotations
from darkroom.core.errors import DarkroomError, UsageError
from darkroom.core.keys import RunKeys, run_id, sidecar_key
from darkroom.core.sidecar import moment
from darkroom.writepath.desk import Desk

_JSON = "application/json"
_FOUND = "found"
"""The kind of a record that was made up for."""
_IDENTITY_CHARACTERS = 8
_MOST_KEPT = 200_000


@dataclass(frozen=True)
class End:
    """Everything of a session was read."""

    session: Session
    told: Told


Read = Described | Passed | End


@dataclass
class _Open:
    """A session on its way into a run."""

    session: Session
    run: KnownRun
    started: datetime
    lines: list[Taken] = field(default_factory=list[Taken])
    """Images taken over that no record names yet."""
    imported: int = 0
    marks: int = 0


@dataclass
class _Outgoing:
    """What one batch writes: images, then sidecars; the rest goes with the images of the next."""

    images: list[Parcel] = field(default_factory=list[Parcel])
    sidecars: list[Parcel] = field(default_factory=list[Parcel])
    marks: list[Parcel] = field(default_factory=list[Parcel])
    records: list[Parcel] = field(default_factory=list[Parcel])


class Importer:
    """Numbers, composes and writes; one thread does all of it."""

    def __init__(
        self, desk: Desk, known: Known, report: ImportReport, *, dry_run: bool = False
    ) -> None:
        self._dry_run = dry_run
        self._desk = desk
        self._known = known
        self._runs = {
            name.rpartition("-")[2]: run for name, run in sorted(known.runs.items(), reverse=True)
        }
        self._report = report
        self._open: dict[str, _Open] = {}
        self._late: list[Parcel] = []
        self.touched: dict[str, KnownRun] = {}

    def begin(self, session: Session, told: Told) -> None:
        """Find the run that holds a session, or name a new one."""
        place = os.fsencode(f"{session.root.resolve().name}/{session.name}")
        identity = hashlib.sha256(place).hexdigest()[:_IDENTITY_CHARACTERS]
        run = self._runs.get(identity)
        started = told.started or moment_in(session.title) or _oldest(session)
        if run is None:
            name = f"{run_id(started)}-{identity}"
            run = KnownRun(RunKeys(self._known.project, name))
        self._open[session.name] = _Open(session, run, started)

    def record_found(self) -> None:
        """Record what an import that was cut off did not, so that it is read only this once."""
        some = [run for run in self._known.runs.values() if run.unrecorded]
        if some and not self._dry_run:
            records = [self._record(r.keys, _FOUND, r.title, r.unrecorded) for r in some]
            put_many(self._desk.store, records)

    def take(self, batch: list[Read]) -> None:
        """Commit what is new in a batch."""
        out = _Outgoing()
        for item in batch:
            self._take_one(item, out)
        for opened in self._open.values():
            self._record_taken(opened, out)
        if not self._dry_run:
            put_many(self._desk.store, [*self._late, *out.images])
            put_many(self._desk.store, out.sidecars)
            self._late = [*out.marks, *out.records]

    def end(self) -> None:
        """Write what waited for a batch to go with."""
        put_many(self._desk.store, self._late)
        self._late = []

    def _take_one(self, item: Read, out: _Outgoing) -> None:
        if not isinstance(item, End) and item.beside is not None:
            self._line(item.session, f"{item.name}.json", "failed", item.beside)
        match item:
            case Passed():
                outcome = "failed" if item.is_failure else "skipped"
                self._line(item.session, item.name, outcome, item.reason)
            case Described():
                self._image(item, out)
            case End():
                self._close(item, out)

    def _line(self, session: Session, name: str, outcome: Outcome, reason: str) -> None:
        place = name if session.name == "." else f"{session.name}/{name}"
        self._report.lines.append(Line(readable(place), outcome, readable(reason)))

    def _image(self, item: Described, out: _Outgoing) -> None:
        picture, session = item.picture, item.session
        opened = self._open[session.name]
        if there := self._known.by_sha256.get(picture.sha256):
            self._line(session, item.name, "skipped", f"imported already: {there}")
            if there.startswith(f"{opened.run.keys.root}/"):
                # an import that was cut off may not have come to what a person had said of it
                self.touched[opened.run.keys.run_id] = opened.run
                self._mark_image(opened, there, item, out)
            return
        number = opened.run.take_number()
        key = opened.run.keys.image(number).removesuffix("png") + ENDINGS[picture.mime]
        try:
            data = sidecar(self._desk, item, opened.run.keys, Place(key, number))
        except DarkroomError as error:
            opened.run.taken.discard(number)
            self._line(session, item.name, "failed", f"[{error.code}] {error.message}")
            return
        self._known.by_sha256[picture.sha256] = key
        out.images.append(Parcel(key, picture.data, picture.mime, picture.sha256))
        out.sidecars.append(Parcel(sidecar_key(key), data, _JSON))
        opened.lines.append(Taken(key, item.name, picture.sha256))
        opened.imported += 1
        self.touched[opened.run.keys.run_id] = opened.run
        self._mark_image(opened, key, item, out)
        self._line(session, item.name, "imported", key)

    def _mark_image(self, opened: _Open, key: str, item: Described, out: _Outgoing) -> None:
        if item.marks:
            target = annotations.ImageTarget(image=key)
            source = f"{item.session.name}/{item.name}"
            opened.marks += self._mark(opened, target, item.marks, out, source)

    def _mark(
        self,
        opened: _Open,
        target: annotations.Target,
        changes: Mapping[str, object],
        out: _Outgoing,
        source: str,
    ) -> bool:
        """Say it, where it was not said before; returns whether it was."""
        try:
            key, data = mark(self._desk, opened.started, target, changes)
        except UsageError as error:
            reason = f"its rating: {error.message}"
            self._report.lines.append(Line(readable(source), "failed", readable(reason)))
            return False
        is_new = key not in opened.run.others
        if is_new:
            out.marks.append(Parcel(key, data, _JSON))
        return is_new

    def _close(self, end: End, out: _Outgoing) -> None:
        opened = self._open.pop(end.session.name)
        run, session = opened.run.keys, end.session
        name = f"{run.project}/{run.run_id}"
        if opened.run.taken:
            said = {"display_name": session.title, **end.told.run_fields}
            whole = {"kind": session.kind, "session": session.title, **end.told.session}
            if len(str(whole)) <= _MOST_KEPT:
                said["extra"] = {"imported": whole}
            is_new = self._mark(opened, annotations.RunTarget(run=name), said, out, session.name)
            opened.marks += is_new and bool(end.told.run_fields)
        self._record_taken(opened, out)
        self._report.sessions.append(
            SessionLine(
                session=readable(session.name),
                kind=session.kind,
                run=name if opened.imported else None,
                images=len(session.images),
                imported=opened.imported,
                marks=opened.marks,
            )
        )

    def _record_taken(self, opened: _Open, out: _Outgoing) -> None:
        if opened.lines:
            session = opened.session
            kind, title = session.kind, session.title
            out.records.append(self._record(opened.run.keys, kind, title, opened.lines))
            opened.lines = []

    def _record(self, run: RunKeys, kind: str, session: str, images: Sequence[Taken]) -> Parcel:
        data = record(run, moment(self._desk.now()), kind, session, images)
        return Parcel(f"{run.root}/imports/{name_at(self._desk.now(), data)}.json", data, _JSON)


def _oldest(session: Session) -> datetime:
    moments = (moment_in(name) or modified(session.folder / name) for name in session.images)
    return min(moments, default=NEVER)
