"""The import itself: read in threads, number in order, commit in batches.

Owns the order of writing. An image is durable before its sidecar, a sidecar before what a
person had said of it, all of that before the record of the import; so a stop at any point
loses nothing and repeats nothing. Files of the source are only read.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from darkroom.adapters.stores.bulk import Parcel, put_many
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.importing.composing import Place, mark, name_at, sidecar
from darkroom.archive.importing.describing import Described, Passed, describe, modified
from darkroom.archive.importing.known import Known, KnownRun, look, record
from darkroom.archive.importing.pictures import ENDINGS
from darkroom.archive.importing.report import (
    ImportReport,
    Line,
    Outcome,
    SessionLine,
    Validation,
)
from darkroom.archive.importing.sessions import Session, moment_in, scan
from darkroom.archive.importing.told import Told, told_by
from darkroom.core import annotations
from darkroom.core.errors import DarkroomError, UsageError
from darkroom.core.keys import RunKeys, run_id, sidecar_key
from darkroom.core.sidecar import moment
from darkroom.writepath.desk import Desk

_JSON = "application/json"
_READERS = 4
_BATCH_IMAGES = 256
_BATCH_BYTES = 64_000_000
_IDENTITY_CHARACTERS = 8
_MOST_KEPT = 200_000
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Wish:
    """What is to be imported, and how."""

    folder: Path
    project: str
    dry_run: bool = False


def import_folder(wish: Wish, desk: Desk, tell: Tell = lambda _count: None) -> ImportReport:
    """Take over every image below a folder that is not in the project yet."""
    sessions = scan(wish.folder)
    report = ImportReport(wish.project, wish.dry_run)
    with desk.locks.held(f"import-{wish.project}"):
        known = look(desk.store, wish.project)
        importer = _Importer(wish, desk, known, report)
        for batch in _batches(_read(sessions, importer)):
            importer.take(batch)
            tell(sum(isinstance(one, Described | Passed) for one in batch))
        if not wish.dry_run:
            report.validation = _validated(desk.store, importer.touched)
    return report


def count_files(folder: Path) -> int:
    """How many image files a folder holds, for a progress bar."""
    return sum(len(session.images) for session in scan(folder))


@dataclass(frozen=True)
class _End:
    """Everything of a session was read."""

    session: Session
    told: Told


_Read = Described | Passed | _End


def _read(sessions: Iterable[Session], importer: "_Importer") -> Generator[_Read]:
    """Read sessions one after another, the images of each several at a time."""
    with ThreadPoolExecutor(_READERS) as threads:
        for session in sessions:
            told = told_by(session)
            importer.begin(session, told)
            listed = set(session.images)
            for name, why in told.problems:
                yield Passed(session, name, why, is_failure=True)
            for name in sorted(told.images.keys() - listed):
                yield Passed(
                    session,
                    name,
                    "the manifest names it, but there is no such file",
                    is_failure=True,
                )
            for name in session.alone:
                yield Passed(session, name, "the image it speaks of is not there", is_failure=True)
            for part in _parts(session.images):
                yield from threads.map(partial(describe, session, told), part)
            yield _End(session, told)


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """So few at a time that what was read ahead stays small."""
    step = 4 * _READERS
    for start in range(0, len(names), step):
        yield names[start : start + step]


def _batches(items: Iterable[_Read]) -> Iterator[list[_Read]]:
    batch: list[_Read] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.picture.data) if isinstance(item, Described) else 0
        if len(batch) >= _BATCH_IMAGES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@dataclass
class _Open:
    """A session on its way into a run."""

    run: KnownRun
    started: datetime
    lines: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    marks: int = 0


class _Importer:
    """Numbers, composes and writes; one thread does all of it."""

    def __init__(self, wish: Wish, desk: Desk, known: Known, report: ImportReport) -> None:
        self._wish = wish
        self._desk = desk
        self._known = known
        self._report = report
        self._open: dict[str, _Open] = {}
        self.touched: dict[str, KnownRun] = {}

    def begin(self, session: Session, told: Told) -> None:
        """Find the run that holds a session, or name a new one."""
        identity = hashlib.sha256(session.name.encode()).hexdigest()[:_IDENTITY_CHARACTERS]
        run = next(
            (
                known
                for known in self._known.runs.values()
                if known.keys.run_id.endswith(f"-{identity}")
            ),
            None,
        )
        started = told.started or moment_in(session.title) or _oldest(session)
        if run is None:
            name = f"{run_id(started)}-{identity}"
            run = KnownRun(RunKeys(self._wish.project, name))
        self._open[session.name] = _Open(run, started)

    def take(self, batch: list[_Read]) -> None:
        """Commit what is new in a batch."""
        images: list[Parcel] = []
        sidecars: list[Parcel] = []
        marks: list[Parcel] = []
        records: list[Parcel] = []
        for item in batch:
            if isinstance(item, Described | Passed) and item.beside is not None:
                self._line(item.session, f"{item.name}.json", "failed", item.beside)
            match item:
                case Passed():
                    self._line(
                        item.session,
                        item.name,
                        "failed" if item.is_failure else "skipped",
                        item.reason,
                    )
                case Described():
                    self._one(item, images, sidecars, marks)
                case _End():
                    self._close(item, marks, records)
        if not self._wish.dry_run:
            for parcels in (images, sidecars, marks, records):
                put_many(self._desk.store, parcels)

    def _line(self, session: Session, name: str, outcome: Outcome, reason: str) -> None:
        place = name if session.name == "." else f"{session.name}/{name}"
        self._report.lines.append(Line(place, outcome, reason))

    def _one(
        self, item: Described, images: list[Parcel], sidecars: list[Parcel], marks: list[Parcel]
    ) -> None:
        picture, session = item.picture, item.session
        opened = self._open[session.name]
        if there := self._known.by_sha256.get(picture.sha256):
            self._line(session, item.name, "skipped", f"imported already: {there}")
            if there.startswith(f"{opened.run.keys.root}/"):
                # an import that was cut off may not have come to what a person had said of it
                self.touched[opened.run.keys.run_id] = opened.run
                self._mark_image(opened, there, item, marks)
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
        images.append(Parcel(key, picture.data, picture.mime, picture.sha256))
        sidecars.append(Parcel(sidecar_key(key), data, _JSON))
        opened.lines.append({"image": key, "name": item.name, "sha256": picture.sha256})
        self.touched[opened.run.keys.run_id] = opened.run
        self._mark_image(opened, key, item, marks)
        self._line(session, item.name, "imported", key)

    def _mark_image(self, opened: _Open, key: str, item: Described, parcels: list[Parcel]) -> None:
        if item.marks:
            target = annotations.ImageTarget(image=key)
            self._mark(opened, target, item.marks, parcels, f"{item.session.name}/{item.name}")

    def _mark(
        self,
        opened: _Open,
        target: annotations.Target,
        changes: Mapping[str, object],
        parcels: list[Parcel],
        source: str,
    ) -> None:
        try:
            key, data = mark(self._desk, opened.started, target, changes)
        except UsageError as error:
            self._report.lines.append(Line(source, "failed", f"its rating: {error.message}"))
            return
        if key not in opened.run.others:
            parcels.append(Parcel(key, data, _JSON))
            opened.marks += 1

    def _close(self, end: _End, marks: list[Parcel], records: list[Parcel]) -> None:
        opened = self._open.pop(end.session.name)
        run, session = opened.run.keys, end.session
        name = f"{run.project}/{run.run_id}"
        if opened.run.taken:
            said = {"display_name": session.title, **end.told.run_fields}
            whole = {"kind": session.kind, "session": session.title, **end.told.session}
            if len(str(whole)) <= _MOST_KEPT:
                said["extra"] = {"imported": whole}
            self._mark(opened, annotations.RunTarget(run=name), said, marks, session.name)
        if opened.lines:
            at = moment(self._desk.now())
            data = record(run, at, session.kind, session.title, opened.lines)
            place = f"{run.root}/imports/{name_at(self._desk.now(), data)}.json"
            records.append(Parcel(place, data, _JSON))
        self._report.sessions.append(
            SessionLine(
                session=session.name,
                kind=session.kind,
                run=name if opened.lines else None,
                images=len(session.images),
                imported=len(opened.lines),
                marks=opened.marks,
            )
        )


def _oldest(session: Session) -> datetime:
    moments = (moment_in(name) or modified(session.folder / name) for name in session.images)
    return min(moments, default=_NEVER)


_NEVER = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _validated(store: Store, touched: dict[str, KnownRun]) -> Validation:
    """Count anew what lies in the runs that were written to."""
    images = sidecars = expected = 0
    wrong: list[str] = []
    for name, run in sorted(touched.items()):
        keys = list(store.iter_keys(f"{run.keys.root}/images/"))
        committed = sum(key.endswith(".json") for key in keys)
        images += len(keys) - committed
        sidecars += committed
        expected += len(run.taken)
        if not committed == len(keys) - committed == len(run.taken):
            wrong.append(name)
    return Validation(len(touched), images, sidecars, expected, tuple(wrong))
