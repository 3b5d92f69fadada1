"""`python -m benchmarks.warehouse [--images 31000]`: ingest, sync, queries, size; and the peers.

Ratios against what was measured in the same run count; other work may run beside. A
million images take about 5 GB of disk and half an hour, most of it writing the sidecars.
"""

import argparse
import shutil
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
    given = parser.parse_args()
    if given.folder is not None:
        _measure(given.folder, given.images, peers=not given.no_peers)
        return
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), given.images, peers=not given.no_peers)


def _measure(folder: Path, count: int, *, peers: bool) -> None:
    root = folder / f"store-{count}"
    if not root.exists():
        print(f"writing {count} sidecars: {seconds(lambda: write(root, count)):.1f} s")
    shutil.rmtree(root / LATE, ignore_errors=True)  # of an earlier measurement
    keys = [key for key, _ in sidecars(count)]
    shutil.rmtree(folder / "warehouse", ignore_errors=True)
    files, store = Files(folder / "warehouse" / "warehouse.duckdb"), FolderStore(root)
    files.published.parent.mkdir()
    _ingest(files, store, keys)
    _nothing_new(files, store)
    _something_new(files, store)
    _ask(folder, files, root, keys if peers else [])
    if peers:
        _against_mlflow(folder, root, keys)


def _ingest(files: Files, store: FolderStore, keys: list[str]) -> None:
    # everything read once before, so that both find the files in memory
    total = sum(len((store.root / key).read_bytes()) for key in keys)
    floor = spent(lambda: [(store.root / key).read_bytes() for key in keys])
    reports: list[SyncReport] = []
    built = spent(lambda: reports.append(update(files, store)))
    count, size = len(keys), files.published.stat().st_size
    assert (reports[0].added, reports[0].quarantined) == (count, 0), reports
    print(f"{count} sidecars, {total / 1e6:.0f} MB")
    print(f"  reading the bytes alone   {_told(floor, count)}")
    print(
        f"  into the warehouse        {_told(built, count)}"
        f"   {built.cpu_s / floor.cpu_s:.1f}x reading   (bar: {3.5 * count / SMALL:.1f} s)"
    )
    print(
        f"  warehouse file            {size / 1e6:8.1f} MB  {size / count:6.0f} bytes each"
        f"   {size / total:.2f} of the sidecars   (bar: {40 * count / SMALL:.0f} MB)"
    )


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


def _ask(folder: Path, files: Files, root: Path, keys: list[str]) -> None:
    first = next(iter(sidecars(1)))[0].split("/")
    asked = questions(f"{first[0]}/{first[2]}")
    warehouse = reading(files.published)
    peer = None
    if keys:
        path = folder / "peer.sqlite"
        path.unlink(missing_ok=True)
        late = sorted(p.relative_to(root).as_posix() for p in (root / LATE).rglob("*.json"))
        built = spent(lambda: sqlite_peer.build(path, root, [*keys, *late]).close())
        size = path.stat().st_size / 1e6
        print(f"  SQLite with JSON, built   {_told(built, len(keys))}   {size:.1f} MB")
        peer = sqlite_peer.sqlite3.connect(path)
    print(f"  {'question':44} {'DuckDB ms':>10} {'SQLite ms':>10} {'ratio':>7}")
    for question in asked:
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


def _against_mlflow(folder: Path, root: Path, keys: list[str]) -> None:
    if not mlflow_peer.is_there():
        print("  MLflow is not installed here; with it, its cost per image would stand here")
        return
    some = keys[: mlflow_peer.IMAGES]
    (folder / "mlflow.db").unlink(missing_ok=True)
    found = mlflow_peer.measure(folder, root, some)
    small = Files(folder / "warehouse" / "small.duckdb")
    store = FolderStore(folder / "small")
    for key in some:
        store.put(key, (root / key).read_bytes(), "application/json")
    mine = seconds(lambda: update(small, store)) * 1000 / len(some)
    print(
        f"  {len(some)} images, per image: MLflow {found['write']:.1f} ms, warehouse {mine:.1f} ms:"
        f" {found['write'] / mine:.0f}x; MLflow's search over them {found['search']:.0f} ms"
    )


if __name__ == "__main__":
    main()
