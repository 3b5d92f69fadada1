"""The import itself: look what is there, read in threads, commit in batches, count anew.

Owns how much is read ahead and how large a batch is. Files of the source are only read.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from darkroom.adapters.stores.protocol import Store
from darkroom.archive.importing.committing import End, Importer, Read
from darkroom.archive.importing.describing import Described, Passed, describe
from darkroom.archive.importing.known import KnownRun, look
from darkroom.archive.importing.report import ImportReport, Validation
from darkroom.archive.importing.sessions import Session, scan
from darkroom.archive.importing.told import told_by
from darkroom.writepath.desk import Desk

_READERS = 4
_BATCH_IMAGES = 256
_BATCH_BYTES = 64_000_000
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
        importer = Importer(desk, known, report, dry_run=wish.dry_run)
        importer.record_found()
        for batch in _batches(_read(sessions, importer)):
            importer.take(batch)
            tell(sum(_is_image(one) for one in batch))
        importer.end()
        if not wish.dry_run:
            report.validation = _validated(desk.store, importer.touched)
    return report


def _is_image(one: Read) -> bool:
    """Whether it is one of the files counted before; reasons also name manifests and sidecars."""
    if isinstance(one, End):
        return False
    return one.name in one.session.files and not one.name.endswith((".json", ".txt"))


def count_files(folder: Path) -> int:
    """How many image files a folder holds, for a progress bar."""
    return sum(len(session.images) for session in scan(folder))


def _read(sessions: Iterable[Session], importer: Importer) -> Generator[Read]:
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
            yield End(session, told)


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """So few at a time that what was read ahead stays small."""
    step = 4 * _READERS
    for start in range(0, len(names), step):
        yield names[start : start + step]


def _batches(items: Iterable[Read]) -> Iterator[list[Read]]:
    batch: list[Read] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.picture.data) if isinstance(item, Described) else 0
        if len(batch) >= _BATCH_IMAGES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


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
