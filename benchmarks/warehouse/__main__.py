"""`python -m benchmarks.warehouse [--images 31000]`: ingest, sync, queries, size; and the peers.

Ratios against what was measured in the same run count; other work may run beside, so the
load and processor seconds stand beside the clock. A million images take about 15 GB of
disk and half an hour. MLflow takes part where `--mlflow PYTHON` names a Python that has it.
"""

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.warehouse import mlflow_peer, sqlite_peer
from benchmarks.warehouse.memory import watched
from benchmarks.warehouse.questions import questions
from benchmarks.warehouse.sidecars import run_of, sidecars, write
from benchmarks.warehouse.timing import Spent, seconds, spent, took
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import reading
from darkroom.adapters.warehouse.updating import Files, update
from darkroom.core.keys import RunKeys

SMALL = 31_000
MANY = 100_000
"""With more, what takes seconds is done once and not several times."""
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
    shutil.rmtree(folder / "warehouse", ignore_errors=True)
    files, store = Files(folder / "warehouse" / "warehouse.duckdb"), FolderStore(root)
    files.published.parent.mkdir()
    keys, mine = _ingest(files, store, count, given.times)
    _nothing_new(files, store, 11 if count <= MANY else 3)
    _something_new(files, store, 5 if count <= MANY else 1)
    if not given.no_peers:
        _against_sqlite(folder, root, keys, mine)
    _ask(folder, files, 3 if count <= MANY else 0)
    if given.mlflow:
        _against_mlflow(given.mlflow, folder, root, keys, mine)


def _ingest(files: Files, store: FolderStore, count: int, times: int) -> tuple[list[str], Spent]:
    goes = [_built(files, store, count) for _ in range(times)]
    built = min((one for one, _ in goes), key=lambda one: one.wall_s)
    keys, total = _listed(files)
    floor = _reading_alone(store, keys[:SMALL])
    size = files.published.stat().st_size
    print(f"{count} sidecars, {total / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}")
    print(f"  reading bytes alone       {_told(floor, min(count, SMALL))} (of {SMALL} at most)")
    each = (built.cpu_s / count) / (floor.cpu_s / min(count, SMALL))
    print(
        f"  into the warehouse        {_told(built, count)}"
        f"   {each:.1f}x reading   (bar: {3.5 * count / SMALL:.1f} s)"
    )
    print(
        f"  warehouse file            {size / 1e6:8.1f} MB  {size / count:6.0f} bytes each"
        f"   {size / total:.2f} of the sidecars   (bar: {40 * count / SMALL:.0f} MB)"
    )
    most = max(memory_mb for _, memory_mb in goes)
    print(f"  most memory, all of it    {most:8.0f} MB   (bar: 1000 MB)")
    return keys, built


def _listed(files: Files) -> tuple[list[str], int]:
    """The keys of all sidecars, and their bytes together."""
    warehouse = reading(files.published)
    rows = warehouse.execute("SELECT source, size_bytes FROM sources ORDER BY source").fetchall()
    warehouse.close()
    return [key for key, _ in rows], sum(size for _, size in rows)


def _reading_alone(store: FolderStore, keys: list[str]) -> Spent:
    def read() -> None:
        for key in keys:
            (store.root / key).read_bytes()

    read()  # once before, so that it finds the files in memory
    return spent(read)


def _built(files: Files, store: FolderStore, count: int) -> tuple[Spent, float]:
    """What a build took, and the most megabytes of all its processes together."""
    module = "benchmarks.warehouse.build"
    told, memory_mb = watched([sys.executable, "-m", module, str(store.root), str(files.published)])
    found = json.loads(told)
    assert (found["added"], found["quarantined"]) == (count, 0), found
    return Spent(found["wall_s"], found["cpu_s"]), memory_mb


def _told(spent: Spent, count: int) -> str:
    each = spent.cpu_s / count * 1e6
    return f"{spent.wall_s:8.2f} s   {spent.cpu_s:.2f} s of processor, {each:.0f} us each"


def _nothing_new(files: Files, store: FolderStore, goes: int) -> None:
    found = took(lambda: update(files, store), goes)
    print(
        f"  sync with nothing new     {found.median / 1000:8.3f} s   worst"
        f" {found.worst / 1000:.3f} s   (bar: 0.5 s at 31,000)"
    )


def _something_new(files: Files, store: FolderStore, goes: int) -> None:
    def one_more(number: int) -> float:
        keys = RunKeys(LATE, f"2026-12-01_00-00-{number:02d}")
        for key, content in run_of(keys, 10):
            store.put(key, content, "application/json")
        return seconds(lambda: update(files, store))

    times = sorted(one_more(number) for number in range(goes))
    print(f"  sync with 10 new images   {median(times):8.3f} s   worst {times[-1]:.3f} s")


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


def _ask(folder: Path, files: Files, goes: int) -> None:
    first = next(iter(sidecars(1)))[0].split("/")
    warehouse = reading(files.published)
    peer = sqlite3.connect(_sqlite(folder)) if _sqlite(folder).exists() else None
    print(f"  {'question':44} {'DuckDB ms':>10} {'SQLite ms':>10} {'ratio':>7}")
    for question in questions(f"{first[0]}/{first[2]}"):
        mine = took(lambda sql=question.duckdb: warehouse.execute(sql).fetchall())
        if peer is None:
            print(f"  {question.name:44} {mine.median:10.1f}")
            continue
        seen, same = warehouse.execute(question.duckdb).fetchall(), list[tuple[object, ...]]()

        def ask(sql: str = question.sqlite, same: list[tuple[object, ...]] = same) -> None:
            same[:] = peer.execute(sql).fetchall()

        theirs = took(ask, goes)
        assert _rounded(seen) == _rounded(same), question.name
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
