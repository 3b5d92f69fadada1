"""The search is exact: it finds what brute force finds, whatever is allowed."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from darkroom.adapters.embeddings.vector_search import nearest
from tests.architecture.trees import source_files


def vectors(count: int, seed: int = 0) -> np.ndarray:
    """Clusters, so that neighbours are near one another, as pictures are."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(count // 20, 1), 64))
    made = centres[rng.integers(len(centres), size=count)] + 0.3 * rng.standard_normal((count, 64))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16)


def brute(rows: np.ndarray, query: np.ndarray, count: int, allowed: np.ndarray) -> list[int]:
    half = (query / np.linalg.norm(query)).astype(np.float16)
    similar = rows[allowed].astype(np.float64) @ half.astype(np.float64)
    return allowed[np.lexsort((allowed, -similar))[:count]].tolist()


@pytest.mark.parametrize("share", [None, 0.001, 0.1, 0.6, 0.99])
def test_it_finds_what_brute_force_finds(share: float | None) -> None:
    rows = vectors(4000)
    rng = np.random.default_rng(5)
    for number in range(20):
        query = rows[number].astype(np.float32) + 0.1 * rng.standard_normal(64).astype(np.float32)
        allowed = np.flatnonzero(rng.random(4000) < share) if share else np.arange(4000)
        found = nearest(rows, query, 50, None if share is None else allowed)
        assert [one.row for one in found] == brute(rows, query, 50, allowed)
        assert all(a.similarity >= b.similarity for a, b in itertools.pairwise(found))


def test_a_neighbourhood_that_is_not_allowed_hides_nothing_behind_it() -> None:
    rows = vectors(2000)
    query = rows[0].astype(np.float32)
    order = brute(rows, query, 2000, np.arange(2000))
    allowed = np.array(sorted(order[900:]))
    assert [one.row for one in nearest(rows, query, 10, allowed)] == order[900:910]


def test_few_allowed_ones_are_all_given_and_none_is_none() -> None:
    rows = vectors(100)
    assert {one.row for one in nearest(rows, rows[3], 10, np.array([7, 3, 3]))} == {3, 7}
    assert nearest(rows, rows[3], 10, np.zeros(0, np.int64)) == []
    assert nearest(rows[:0], rows[3], 10) == []


def test_many_allowed_rows_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.adapters.embeddings.vector_search._CHUNK", 64)
    rows = vectors(1000)
    allowed = np.arange(0, 1000, 3)
    query = rows[1].astype(np.float32)
    found = [one.row for one in nearest(rows, query, 20, allowed)]
    assert found == brute(rows, query, 20, allowed)


def test_the_search_does_not_crash_what_is_loaded_after_it() -> None:
    """Importing onnxruntime after usearch ends the process with SIGSEGV."""
    code = "import darkroom.adapters.embeddings.vector_search, onnxruntime"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_else_loads_usearch() -> None:
    """Whoever did could load it first."""
    users = [file.name for file in source_files() if "usearch" in file.path.read_text()]
    assert users == ["darkroom/adapters/embeddings/vector_search.py"]
