"""`python -m benchmarks.importing [IMAGES] [KIND ...]`: seconds per kind of source.

Beside each stand the floors of the same run: reading and hashing every file, and writing
as many files of the same sizes durably without knowing anything about them.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.importing.sources import KINDS
from darkroom.adapters.stores import FolderStore
from darkroom.adapters.stores.bulk import Parcel, put_many
from darkroom.archive.importing.known import look
from darkroom.archive.importing.taking import Wish, import_folder
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks

_IMAGES = 31_000
_BAR_S = 60.0
_BATCH = 256
_SIDECAR_BYTES = 1_200


def main() -> None:
    """Run and print."""
    numbers = [int(text) for text in sys.argv[1:] if text.isdecimal()]
    images = numbers[0] if numbers else _IMAGES
    kinds = [name for name in sys.argv[1:] if name in KINDS] or list(KINDS)
    print(f"{images} images of each kind; the bar is {_BAR_S:.0f} s per 31,000 apart from hashing")
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            _kind(kind, images, Path(folder))


def _kind(kind: str, images: int, folder: Path) -> None:
    source = folder / "source"
    KINDS[kind](source, images)
    hashing = _timed(lambda: _hash(source))
    floor = _timed(lambda: _write(FolderStore(folder / "floor"), images))
    desk = Desk(FolderStore(folder / "store"), Locks(folder / "locks"))
    wish = Wish(source, "old")
    cpu = time.process_time()
    first = _timed(lambda: _check(wish, desk, images))
    cpu = time.process_time() - cpu
    again = _timed(lambda: import_folder(wish, desk))
    known = _timed(lambda: look(desk.store, wish.project))
    for record in (folder / "store").rglob("imports/*.json"):
        record.unlink()
    cut_off = _timed(lambda: look(desk.store, wish.project))
    share = (first - hashing) * _IMAGES / images / _BAR_S
    print(
        f"{kind:10} import {first:6.1f} s (cpu {cpu:.1f} s; hashing alone {hashing:.1f} s, plain "
        f"durable writing {floor:.1f} s: {first / max(floor, 0.001):.1f}x), again {again:.1f} s; "
        f"{share:.2f} of the bar; what is there seen in {known:.1f} s, without any record of it "
        f"in {cut_off:.1f} s; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _check(wish: Wish, desk: Desk, images: int) -> None:
    report = import_folder(wish, desk)
    right = report.validation is not None and report.validation.is_right
    assert report.count("imported") == images, report.reasons("failed")
    assert right, report.validation


def _hash(source: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            hashlib.sha256(path.read_bytes()).digest()


def _write(store: FolderStore, images: int) -> None:
    for start in range(0, images, _BATCH):
        numbers = range(start, min(start + _BATCH, images))
        for ending, size in (("png", 400), ("json", _SIDECAR_BYTES)):
            put_many(
                store,
                [Parcel(f"p/x/{n}.{ending}", bytes(size), "image/png") for n in numbers],
            )


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
