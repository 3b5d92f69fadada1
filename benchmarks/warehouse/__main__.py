"""`python -m benchmarks.warehouse [--images 31000]`: ingest, sync, queries, size; and the peers.

Ratios against what was measured in the same run count; other work may run beside, so the
load and processor seconds stand beside the clock. A million images take about 15 GB of
disk and half an hour. MLflow takes part where `--mlflow PYTHON` names a Python that has it.
"""

import argparse
import os
import resource
import shutil
import sqlite3
import tempfile
from pathlib import Path

from benchmarks.warehouse import mlflow_peer, sqlite_peer
from benchmarks.warehouse.questions import questions
from benchmarks.warehouse.sidecars import run_of, sidecars, write
from benchmarks.warehouse.timing import Spent, seconds, spent, took
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import reading
from darkroom.adapters.warehouse.updating import Files, SyncReport, update
from darkroom.core.keys import RunKeys

SMALL = 31_000
LATE = "late"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouse")
    parser.add_argument("--images", type=int, default=SMALL)
    parser.add_argument("--folder", type=Path, help="keep everything here, and use what is there")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--mlflow", metavar="PYTHON", help="a Python in which MLflow is installed")
    parser.add_argument("--times", type=int, default=3, help="builds, of which the best counts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        _measure(given.folder or Path(own), given)


def _measure(folder: Path, given: argparse.Namespace) -> None:
    count = given.images
    root = folder / f"store-{count}"
    if not root.exists():
        print(f"writing {count} sidecars: {seconds(lambda: write(root, count)):.1f} s")
    shutil.rmtree(root / LATE, ignore_errors=True)  # of an earlier measurement
    keys = [key for key, _ in sidecars(count)]
    shutil.rmtree(folder / "warehouse", ignore_errors=True)
    files, store = Files(folder / "warehouse" / "warehouse.duckdb"), FolderStore(root)
    files.published.parent.mkdir()
    mine = _ingest(files, store, keys, given.times)
    _nothing_new(files, store)
    _something_new(files, store)
    if not given.no_peers:
        _against_sqlite(folder, root, keys, mine)
    _ask(folder, files)
    if given.mlflow:
        _against_mlflow(given.mlflow, folder, root, keys, mine)


def _ingest(files: Files, store: FolderStore, keys: list[str], times: int) -> Spent:
    # everything read once before, so that both find the files in memory
    total = sum(len((store.root / key).read_bytes()) for key in keys)
    floor = spent(lambda: [(store.root / key).read_bytes() and None for key in keys])
    built = min((_built(files, store, len(keys)) for _ in range(times)), key=lambda s: s.wall_s)
    count, size = len(keys), files.published.stat().st_size
    print(f"{count} sidecars, {total / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")
    print(f"  reading the bytes alone   {_told(floor, count)}")
    print(
        f"  into the warehouse        {_told(built, count)}"
        f"   {built.cpu_s / floor.cpu_s:.1f}x reading   (bar: {3.5 * count / SMALL:.1f} s)"
    )
    print(
        f"  warehouse file            {size / 1e6:8.1f} MB  {size / count:6.0f} bytes each"
        f"   {size / total:.2f} of the sidecars   (bar: {40 * count / SMALL:.0f} MB)"
    )
    print(f"  most memory so far        {_most_memory_mb():8.0f} MB, and each worker about 130 MB")
    return built


def _built(files: Files, store: FolderStore, count: int) -> Spent:
    files.published.unlink(missing_ok=True)
    reports: list[SyncReport] = []
    built = spent(lambda: reports.append(update(files, store)))
    assert (reports[0].added, reports[0].quarantined) == (count, 0), reports
    return built


def _most_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _told(spent: Spent, count: int) -> str:
    each = spent.cpu_s / count * 1e6
    return f"{spent.wall_s:8.2f} s   {spent.cpu_s:.2f} s of processor, {each:.0f} us each"


def _nothing_new(files: Files, store: FolderStore) -> None:
    found = took(lambda: update(files, store))
    print(
        f"  sync with nothing new     {found.median / 1000:8.3f} s   worst"
        f" {found.worst / 1000:.3f} s   (bar: 0.5 s at 31,000)"
    )


def _something_new(files: Files, store: FolderStore) -> None:
    def one_more(number: int) -> float:
        keys = RunKeys(LATE, f"2026-12-01_00-00-{number:02d}")
        for key, content in run_of(keys, 10):
            store.put(key, content, "application/json")
        return seconds(lambda: update(files, store))

    times = sorted(one_more(number) for number in range(5))
    print(f"  sync with 10 new images   {times[2]:8.3f} s   worst {times[-1]:.3f} s")


def _against_sqlite(folder: Path, root: Path, keys: list[str], mine: Spent) -> None:
    path = _sqlite(folder)
    path.unlink(missing_ok=True)
    late = sorted(p.relative_to(root).as_posix() for p in (root / LATE).rglob("*.json"))
    built = spent(lambda: sqlite_peer.build(path, root, [*keys, *late]).close())
    size = path.stat().st_size / 1e6
    print(
        f"  SQLite with JSON, built   {_told(built, len(keys))}   {size:.1f} MB;"
        f" the warehouse takes {mine.wall_s / built.wall_s:.2f} of its time,"
        f" {mine.cpu_s / built.cpu_s:.2f} of its processor"
    )


def _sqlite(folder: Path) -> Path:
    return folder / "peer.sqlite"


def _ask(folder: Path, files: Files) -> None:
    first = next(iter(sidecars(1)))[0].split("/")
    warehouse = reading(files.published)
    peer = sqlite3.connect(_sqlite(folder)) if _sqlite(folder).exists() else None
    print(f"  {'question':44} {'DuckDB ms':>10} {'SQLite ms':>10} {'ratio':>7}")
    for question in questions(f"{first[0]}/{first[2]}"):
        mine = took(lambda sql=question.duckdb: warehouse.execute(sql).fetchall())
        if peer is None:
            print(f"  {question.name:44} {mine.median:10.1f}")
            continue
        seen, same = warehouse.execute(question.duckdb), peer.execute(question.sqlite)
        assert _rounded(seen.fetchall()) == _rounded(same.fetchall()), question.name
        theirs = took(lambda sql=question.sqlite: peer.execute(sql).fetchall(), 3)
        print(
            f"  {question.name:44} {mine.median:10.1f} {theirs.median:10.1f}"
            f" {theirs.median / mine.median:6.1f}x"
        )
    warehouse.close()
    if peer is not None:
        peer.close()


def _rounded(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Sums taken in another order differ in their last digits."""
    return [tuple(round(v, 4) if isinstance(v, float) else v for v in row) for row in rows]


def _against_mlflow(python: str, folder: Path, root: Path, keys: list[str], mine: Spent) -> None:
    some = keys[: mlflow_peer.IMAGES]
    found = mlflow_peer.measure(python, folder, root, some)
    each, all_of_it_s = mine.wall_s * 1000 / len(keys), found["write"] * len(keys) / 1000
    print(
        f"  MLflow, {len(some)} of the images: {found['write']:.1f} ms and"
        f" {found['bytes']:.0f} bytes each, so {all_of_it_s / 60:.0f} min for all (scaled, not"
        f" measured); warehouse {each:.3f} ms, {found['write'] / each:.0f}x;"
        f" MLflow's search among those {len(some)}: {found['search']:.0f} ms"
    )


if __name__ == "__main__":
    main()
