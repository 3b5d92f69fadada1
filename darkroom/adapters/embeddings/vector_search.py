"""The nearest vectors, exactly: every vector that may be an answer is looked at.

Owns how a filter is obeyed: where most rows are allowed, more are asked for than wanted
and the others left out; where few are, only those are read. Both are exact.
"""

from dataclasses import dataclass

import numpy as np

# loaded after usearch it ends the process with SIGSEGV, so it is loaded before, here
import onnxruntime  # noqa: F401  # pyright: ignore[reportUnusedImport]
from numpy.typing import NDArray
from usearch.compiled import MetricKind
from usearch.index import search

from darkroom.adapters.embeddings.vector_file import Halves

_MORE = 16
"""So many more are looked at again in full precision: sums of halves may swap neighbours."""
_CHUNK = 65_536
Indices = NDArray[np.int64]
Query = NDArray[np.floating]


@dataclass(frozen=True)
class Near:
    """One row and how similar it is: a cosine from -1 to 1."""

    row: int
    similarity: float


def nearest(
    vectors: Halves, query: Query, count: int, allowed: Indices | None = None, threads: int = 0
) -> list[Near]:
    """The `count` rows most similar to the query, best first; `allowed` restricts them."""
    size = len(vectors) if allowed is None else len(allowed)
    wanted = min(count, size)
    if wanted <= 0:
        return []
    half = _unit(query)
    if allowed is None:
        rows = _looked_at(vectors, half, wanted + _MORE, threads)
    else:
        rows = _among(vectors, half, wanted + _MORE, allowed, threads)
    return _ranked(vectors, half, rows, wanted)


def _unit(query: Query) -> Halves:
    row = np.asarray(query, np.float32).reshape(-1)
    return (row / max(float(np.linalg.norm(row)), 1e-12)).astype(np.float16)


def _looked_at(vectors: Halves, query: Halves, count: int, threads: int) -> Indices:
    found = search(
        vectors, query, min(count, len(vectors)), MetricKind.IP, exact=True, threads=threads
    )
    return np.asarray(found.keys, np.int64).reshape(-1)


def _among(vectors: Halves, query: Halves, count: int, allowed: Indices, threads: int) -> Indices:
    mask = np.zeros(len(vectors), np.bool_)
    mask[allowed] = True
    if len(allowed) * 2 >= len(vectors):
        rows = _looked_at(vectors, query, 2 * count, threads)
        kept = rows[mask[rows]]
        if len(kept) >= min(count, len(allowed)):
            return kept[:count]
    allowed = np.flatnonzero(mask)
    best = np.zeros(0, np.int64)
    for start in range(0, len(allowed), _CHUNK):
        rows = allowed[start : start + _CHUNK]
        best = np.concatenate([best, rows[_looked_at(vectors[rows], query, count, threads)]])
    return best


def _ranked(vectors: Halves, query: Halves, rows: Indices, count: int) -> list[Near]:
    similar = vectors[rows].astype(np.float64) @ query.astype(np.float64)
    order = np.lexsort((rows, -similar))[:count]
    return [Near(int(rows[at]), float(similar[at])) for at in order]
