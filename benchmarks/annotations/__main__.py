"""`python -m benchmarks.annotations [IMAGES]`: ratings, searches, exports.

A rating is measured until it is durable, against writing the same bytes to a new file
with fsync and rename. An export is measured against reading the same rows into Arrow.
Other work may run beside: ratios count, and processor time where it is printed.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.annotations.planted import plant
from darkroom.adapters.annotation_journal import Journal
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import Connection, reading
from darkroom.archive.annotating import Annotator
from darkroom.archive.annotating_log import EventLog
from darkroom.archive.annotating_overlay import overlay
from darkroom.archive.exporting import Wish, export_to_file
from darkroom.archive.searching import Page, found_in
from darkroom.archive.selecting import select

RATINGS = 1_000
BULK = 2_000
SEARCHES: dict[str, dict[str, Any]] = {
    "newest 50": {},
    "seed range": {"seed": "10000..20000"},
    "prompt + seed + score": {"prompt": "sunset", "seed": "10000..20000", "min_score": 0.8},
    "liked": {"liked": True},
    "rating >= 8": {"min_rating": 8},
}


def main() -> None:
    """Run and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 31_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = _ratings(folder)
        plant(folder / "warehouse.duckdb", count)
        print(f"\n{count} images")
        _searches(folder, journal)
        _exports(folder)


def _ratings(folder: Path) -> Journal:
    journal = Journal(folder / "journal")
    annotator = Annotator(EventLog(FolderStore(folder / "store"), "bench", journal))
    keys = [
        f"p{n % 7}/working/2026-01-01_00-00-00-{n // 10}/images/iteration_{n % 10 + 1:03d}.png"
        for n in range(RATINGS)
    ]
    floor = _Floor(folder / "floor")
    ours, least = [], []
    for key in keys:
        least.append(_seconds(floor.write))
        ours.append(_seconds(lambda key=key: annotator.update_image_rating(key, rating=7)))
    print(f"rating, durable: {_percentiles(ours)}  (bar: p99 <= 10 ms)")
    print(f"fsync + rename:  {_percentiles(least)}")
    print(f"ratio of medians: {statistics.median(ours) / statistics.median(least):.1f}x")
    many = [f"bulk/working/2026-01-01_00-00-00/images/i{n}.png" for n in range(BULK)]
    took = _seconds(lambda: annotator.update_image_rating(many, rating=7))
    print(f"{BULK} images at once: {took:.2f} s, {took / BULK * 1000:.2f} ms each")
    return journal


class _Floor:
    """The least a durable small file costs here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        folder.mkdir()

    def write(self) -> None:
        self._count += 1
        part = self._folder / "part"
        with part.open("wb") as file:
            file.write(b"x" * 250)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / str(self._count))
        parent = os.open(self._folder, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)


def _searches(folder: Path, journal: Journal) -> None:
    connection = reading(folder / "warehouse.duckdb")
    for name, asked in SEARCHES.items():
        wall, cpu = _repeated(partial(_search, connection, asked))
        print(f"search, {name:22} {wall * 1000:7.1f} ms   processor {cpu * 1000:6.1f} ms")
    fresh = 0

    def lay() -> None:
        nonlocal fresh
        fresh = overlay(connection, journal)

    took = _seconds(lay)
    print(f"overlay of {fresh} fresh events: {took * 1000:.0f} ms")
    wall, _ = _repeated(partial(_search, connection, {"rating": 7}))
    print(f"search, rating = 7 under it    {wall * 1000:7.1f} ms")
    connection.close()


def _search(connection: Connection, asked: dict[str, Any]) -> list[dict[str, object]]:
    return found_in(connection, select(asked), Page(limit=50))


def _exports(folder: Path) -> None:
    connection = reading(folder / "warehouse.duckdb")
    text, values = select({}).ahead_of("export", {"documents": False})
    floor = _seconds(lambda: connection.execute(text, values).to_arrow_table())
    print(f"reading every row into Arrow: {floor:.2f} s")
    for form in ("csv", "parquet", "jsonl"):
        before = time.process_time()
        output = folder / f"export.{form}"
        took = _seconds(partial(export_to_file, connection, select({}), output, Wish()))
        cpu = time.process_time() - before
        size = output.stat().st_size / 1e6
        ratio = took / floor
        print(
            f"export {form:8} {took:.2f} s  processor {cpu:.2f} s  {size:.0f} MB"
            f"  {ratio:.1f}x the reading  (bar at 31,000: 3 s)"
        )
    connection.close()


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _repeated(work: Callable[[], object], times: int = 9) -> tuple[float, float]:
    walls, cpus = [], []
    for _ in range(times):
        before = time.process_time()
        walls.append(_seconds(work))
        cpus.append(time.process_time() - before)
    return statistics.median(walls), statistics.median(cpus)


def _percentiles(seconds: list[float]) -> str:
    ordered = sorted(value * 1000 for value in seconds)
    p50, p95, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    return f"p50 {p50:.2f}  p95 {p95:.2f}  p99 {p99:.2f} ms"


if __name__ == "__main__":
    main()
