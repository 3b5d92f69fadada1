"""`python -m benchmarks.vectors [--count N ...]`: exact search in the file of vectors.

Vectors stand for images: clusters of unequal size around common centres, unit length,
1024 numbers each. Every answer is compared with brute force over the same halves; times
are medians after one warm-up, beside brute force in numpy in the same process. Bars
(DESIGN 10): 25 ms at 100,000 and 150 ms at 1,000,000, recall 1.0. Ratios count; other
work may run beside.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.embeddings.protocol import ModelIdentity
from darkroom.adapters.embeddings.vector_file import Appender, VectorFile, open_vectors
from darkroom.adapters.embeddings.vector_search import nearest

DIMENSIONS = 1024
ANSWERS = 50
QUERIES = 15
BARS_MS = {100_000: 25.0, 1_000_000: 150.0}
MODEL = ModelIdentity("bench", "0" * 64, DIMENSIONS)
_GROUP = 20_000
_CENTRES = 4_000
Rows = NDArray[np.float32]


def made(rng: np.random.Generator, count: int, centres: Rows) -> Rows:
    """Vectors around centres, some of which are far more common than others."""
    chosen = np.minimum(rng.zipf(1.2, count) - 1, len(centres) - 1)
    return centres[chosen] + 0.6 * rng.standard_normal((count, DIMENSIONS), np.float32)


def fill(folder: Path, count: int) -> float:
    """Write the file as `darkroom embed` does, in larger groups; returns the seconds."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((_CENTRES, DIMENSIONS), np.float32)
    appender = Appender(folder, MODEL)
    took_s = 0.0
    for start in range(0, count, _GROUP):
        size = min(_GROUP, count - start)
        rows = made(rng, size, centres)
        digests = [number.to_bytes(32, "little") for number in range(start, start + size)]
        begin = time.perf_counter()
        appender.append(digests, rows)
        took_s += time.perf_counter() - begin
    return took_s


class Brute:
    """The same question by numpy alone: every product in single precision, then the best."""

    def __init__(self, file: VectorFile) -> None:
        self._matrix = np.empty(file.vectors.shape, np.float32)
        for start in range(0, len(file), _GROUP):
            self._matrix[start : start + _GROUP] = file.vectors[start : start + _GROUP]

    def __call__(self, query: Rows, allowed: NDArray[np.int64] | None = None) -> list[int]:
        """The best rows."""
        half = (query / np.linalg.norm(query)).astype(np.float16).astype(np.float32)
        similar = self._matrix @ half
        if allowed is not None:
            forbidden = np.ones(len(similar), np.bool_)
            forbidden[allowed] = False
            similar[forbidden] = -np.inf
        best = np.argpartition(-similar, ANSWERS)[:ANSWERS]
        return best[np.argsort(-similar[best])].tolist()


def timed(call: Callable[[Rows], object], queries: list[Rows]) -> float:
    """The median in milliseconds."""
    call(queries[0])
    taken: list[float] = []
    for query in queries:
        begin = time.perf_counter()
        call(query)
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def recall(found: list[list[int]], expected: list[list[int]]) -> float:
    """The share of the right answers that were given."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(found, expected, strict=True))
    return hits / sum(map(len, expected))


def measure(folder: Path, count: int) -> None:
    """One size: filling, opening, searching all, searching a tenth."""
    fill_s = fill(folder, count)
    begin = time.perf_counter()
    file = open_vectors(folder, MODEL)
    open_ms = (time.perf_counter() - begin) * 1000
    assert file is not None
    rng = np.random.default_rng(2)
    rows = rng.integers(0, count, QUERIES)
    noise = rng.standard_normal((QUERIES, DIMENSIONS), np.float32) * 0.01
    queries = [file.vectors[row].astype(np.float32) + noise[n] for n, row in enumerate(rows)]
    print(f"{count} x {DIMENSIONS}: appended in {fill_s:.1f} s, opened in {open_ms:.0f} ms")
    brute = Brute(file)  # twice the memory: singles instead of halves
    for name, share in (("all", None), ("nine tenths", 0.9), ("a tenth", 0.1)):
        allowed = None if share is None else np.flatnonzero(rng.random(count) < share)
        _report((file, brute), queries, name, allowed)


def _report(
    sides: tuple[VectorFile, Brute],
    queries: list[Rows],
    name: str,
    allowed: NDArray[np.int64] | None,
) -> None:
    file, brute = sides
    found = [[one.row for one in nearest(file.vectors, q, ANSWERS, allowed)] for q in queries]
    expected = [brute(query, allowed) for query in queries]
    ours = timed(lambda query: nearest(file.vectors, query, ANSWERS, allowed), queries)
    floor = timed(lambda query: brute(query, allowed), queries)
    bar = BARS_MS.get(len(file)) if allowed is None else None
    held = f", bar {bar:g} ms" if bar else ""
    print(
        f"  of {name}: {ours:.1f} ms{held}; numpy {floor:.1f} ms, {floor / ours:.1f}x of ours;"
        f" recall {recall(found, expected):.4f}"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, nargs="+", default=[100_000, 1_000_000])
    for count in parser.parse_args().count:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), count)


if __name__ == "__main__":
    main()
