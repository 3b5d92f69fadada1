"""`python -m benchmarks.patterns [world|none|kinds] [WORLDS]`: recall, false discoveries, time.

The peer is the first design's way: one GROUP BY per axis, and a pattern is what has enough
images and a high enough rate. `world` draws 400 images on the embedded engine; `none` looks
at warehouses without a pattern, `kinds` at ones with planted patterns, so many of each of
the kinds in `kinds.py` (minutes).
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.patterns import world
from benchmarks.patterns.kinds import print_with, print_without
from benchmarks.patterns.planted import Plan, warehouse
from darkroom.archive.patterns.analysing import analyse
from darkroom.archive.patterns.counting import count
from darkroom.archive.patterns.reading import Scope, read_table
from darkroom.archive.patterns.table import bits
from darkroom.core.patterns import Limits, worth_saying
from darkroom.core.world.biases import BIASES

_SEEDS = range(5)
_ROUNDS = 5
_IMAGES = 31_000
_WORLDS_WITHOUT = 60
_WORLDS_WITH = 10
_PHRASES = {"pink cross": 0.85}
_BAR_S = 0.3
_NAIVE = """
SELECT v.axis, v.value, count(*) AS n, avg((m.status = 'ko')::INT) AS rate
FROM variations v JOIN image_marks m USING (image)
GROUP BY ALL HAVING n >= 10 AND rate >= 0.7
UNION ALL
SELECT 'model', i.model, count(*) AS n, avg((m.status = 'ko')::INT) AS rate
FROM images i JOIN image_marks m USING (image)
GROUP BY ALL HAVING n >= 10 AND rate >= 0.7
"""

Found = list[dict[str, str]]


def main() -> None:
    """Run and print."""
    if "world" in sys.argv[1:]:
        _world()
        return
    worlds = next((int(text) for text in sys.argv[1:] if text.isdecimal()), None)
    if "none" in sys.argv[1:]:
        print_without(worlds or _WORLDS_WITHOUT)
        return
    if "kinds" in sys.argv[1:]:
        print_with(worlds or _WORLDS_WITH)
        return
    print("planted: 5 combinations and 1 phrase; recall, false discoveries")
    planted = [Plan(_IMAGES, seed, prompts=_PHRASES) for seed in _SEEDS]
    _table(planted, _ours, "singles, pairs, triples, tested")
    _table(planted, _naive, "one GROUP BY per axis")
    print("no pattern planted: patterns reported")
    for images, base in ((1_000, 0.4), (3_000, 0.4), (31_000, 0.4), (31_000, 0.12)):
        none = [Plan(images, seed, base, planted=()) for seed in _SEEDS]
        ours, naive = _reported(none, _ours), _reported(none, _naive)
        print(f"  {images:6} images, base {base:.0%}: ours {ours}, GROUP BY {naive}")
    unlike = [Plan(4_000, seed, 0.3, planted=(), unlike_runs=0.25) for seed in _SEEDS]
    print(f"    4000 images, runs that differ: ours {_reported(unlike, _ours)}")
    _times()


def _reported(plans: Iterable[Plan], find: Callable[[duckdb.DuckDBPyConnection], Found]) -> int:
    return sum(len(_found(plan, find)) for plan in plans)


def _found(plan: Plan, find: Callable[[duckdb.DuckDBPyConnection], Found]) -> Found:
    connection = warehouse(plan)
    try:
        return find(connection)
    finally:
        connection.close()


def _ours(connection: duckdb.DuckDBPyConnection) -> Found:
    return [one.pattern for one in analyse(connection, Scope(), Limits()).report.patterns]


def _naive(connection: duckdb.DuckDBPyConnection) -> Found:
    return [{row[0]: row[1]} for row in connection.execute(_NAIVE).fetchall()]


def _table(
    plans: list[Plan], find: Callable[[duckdb.DuckDBPyConnection], Found], name: str
) -> None:
    truth: list[dict[str, Any]] = [dict(items) for items, _ in plans[0].planted]
    truth += [{"prompt": phrase} for phrase in plans[0].prompts]
    hits = reported = 0
    for plan in plans:
        found = _found(plan, find)
        hits += sum(one in truth for one in found)
        reported += len(found)
    recall, false = hits / (len(truth) * len(plans)), (reported - hits) / max(reported, 1)
    print(f"  {name:34} recall {recall:.2f} (bar 0.90), false {false:.3f} (bar 0.05)")


def _times() -> None:
    for phrases, name in (({}, "9 axes"), (_PHRASES, "9 axes and prompts")):
        connection = warehouse(Plan(_IMAGES, 1, prompts=phrases))
        _seconds(connection)  # the first pays for reading the code of scipy and DuckDB
        begin = time.process_time()
        reading, counting, choosing, tested = _seconds(connection)
        cpu = (time.process_time() - begin) / _ROUNDS
        naive = _timed(partial(_naive, connection))
        total = reading + counting + choosing
        print(
            f"{_IMAGES} images, {name}: read {reading:.3f} s, count and test {counting:.3f} s "
            f"({tested} cells), choose {choosing:.3f} s; {total:.2f} s in all "
            f"(bar {_BAR_S} s, {total / _BAR_S:.1f}x), {cpu:.2f} s of one core; "
            f"GROUP BY {naive:.3f} s, {total / naive:.0f}x"
        )
        connection.close()


def _seconds(connection: duckdb.DuckDBPyConnection) -> tuple[float, float, float, int]:
    rounds: list[tuple[float, float, float]] = []
    tested = 0
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        table = read_table(connection, Scope(), Limits())
        read = time.perf_counter()
        counted = count(table, Limits())
        tested, done = counted.tested, time.perf_counter()
        worth_saying(counted.cells, bits(table.failed), table.base, Limits(), tested)
        rounds.append((read - begin, done - read, time.perf_counter() - done))
    reading, counting, choosing = (statistics.median(part) for part in zip(*rounds, strict=True))
    return reading, counting, choosing, tested


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _world() -> None:
    from darkroom.adapters.settings import open_lab

    with tempfile.TemporaryDirectory() as folder:
        lab = open_lab(environ={**os.environ, "DARKROOM_HOME": folder}, cwd=Path(folder))
        plan = world.Plan()
        seconds = _timed(lambda: world.draw(lab, plan))
        print(f"{plan.images} images in {plan.runs} runs drawn and judged in {seconds:.0f} s")
        found = world.found_in(lab)
    named = {bias.name for one in found if (bias := world.named_by(one, BIASES))}
    others = len(found) - len(named)
    print(f"planted biases found: {len(named)} of {len(BIASES)}; others reported: {others}")
    for one in found:
        print(f"  {one.pattern}: {one.tally.failures} of {one.tally.count}, {one.runs} runs")


if __name__ == "__main__":
    main()
