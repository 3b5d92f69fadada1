"""From the warehouse to the arrays of an analysis.

Owns which columns are axes, and the words of prompts. How numbers become ranges is `ranges`'s
business; what counts as a failure is said in analytics/queries/patterns/scope.sql.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

import duckdb
import numpy as np

from darkroom.adapters.warehouse.statements import query
from darkroom.archive.patterns.ranges import in_ranges
from darkroom.archive.patterns.table import Axis, Codes, Mask, Table, axis_of
from darkroom.core.patterns import Item, Limits

_NUMBERS = ("steps", "cfg", "guidance", "denoise")
_MOST_WORDS = 256
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""An odd number with its bits well mixed, so that sums of different codes differ."""
_SMALL_WORDS = (
    *("a", "an", "the", "of", "on", "in", "at", "to", "and", "with", "by", "for", "from"),
    *("is", "are", "its", "it", "as", "or", "against"),
)


@dataclass(frozen=True)
class Scope:
    """Which images are looked at."""

    project: str | None = None
    model: str | None = None
    without_runs: frozenset[str] = frozenset()
    """Runs that are trials themselves: they were drawn because of a pattern."""


def read_table(connection: duckdb.DuckDBPyConnection, scope: Scope, limits: Limits) -> Table:
    """Read every image that somebody judged."""
    told = {
        "project": scope.project,
        "model": scope.model,
        "without_runs": sorted(scope.without_runs),
    }
    _begin(connection, told)
    images = _columns(connection, "patterns/images", {})
    failed = np.asarray(images["failed"], dtype=bool)
    axes = (*_axes(connection, failed.size, limits), *_ranges(images, failed, limits))
    words = list(_words(connection, limits))
    has_word = np.zeros((failed.size, len(words)), dtype=bool)
    for column, (_, places) in enumerate(words):
        has_word[places, column] = True
    return Table(
        keys=cast("list[str]", images["image"].tolist()),
        failed=failed,
        runs=np.unique(images["run"].astype(str), return_inverse=True)[1].astype(np.int64),
        axes=axes,
        words=tuple(item for item, _ in words),
        has_word=has_word,
        categories=cast("list[str | None]", images["failure_category"].tolist()),
        twins=_twins(images["twins"], axes),
    )


def _twins(seeded: Any, axes: Iterable[Axis]) -> Codes:
    """One number for images that have their seed, their words and every value in common."""
    told = np.ma.asarray(seeded)
    alone = np.ma.getmaskarray(told)
    mixed = np.ma.filled(told, 0).astype(np.uint64)
    for axis in axes:
        mixed = mixed * _MIX + axis.codes.astype(np.uint64)
    # without a seed nothing says that an image was drawn again
    mixed[alone] = np.arange(np.count_nonzero(alone), dtype=np.uint64)
    return np.unique(mixed, return_inverse=True)[1].astype(np.int64)


def _begin(connection: duckdb.DuckDBPyConnection, told: Mapping[str, object]) -> None:
    scope = query("patterns/scope")
    connection.execute(scope.text, scope.bound(told))


def _columns(
    connection: duckdb.DuckDBPyConnection, name: str, told: Mapping[str, object]
) -> dict[str, Any]:
    return cast("dict[str, Any]", connection.execute(query(name).text, told).fetchnumpy())


def _axes(connection: duckdb.DuckDBPyConnection, count: int, limits: Limits) -> Iterator[Axis]:
    found = _columns(connection, "patterns/values", {"least": limits.min_occurrences})
    rows = zip(found["axis"], found["value"], found["places"], strict=True)
    for name, group in groupby(rows, key=lambda row: str(row[0])):
        values = [(str(value), np.asarray(places, dtype=np.int64)) for _, value, places in group]
        axis = axis_of(name, values, count)
        if axis is not None:
            yield axis


def _ranges(images: dict[str, Any], failed: Mask, limits: Limits) -> Iterator[Axis]:
    for name in _NUMBERS:
        numbers = np.ma.filled(np.ma.asarray(images[name], dtype=np.float64), np.nan)
        axis = in_ranges(name, numbers, failed, limits.min_occurrences)
        if axis is not None:
            yield axis


def _words(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[tuple[Item, Codes]]:
    """Words and LoRAs with their images; of several that always come together, the longest."""
    told = {"least": limits.min_occurrences, "most": _MOST_WORDS, "small": list(_SMALL_WORDS)}
    found = _columns(connection, "patterns/words", told)
    together: dict[bytes, tuple[Item, Codes]] = {}
    for axis, value, places in zip(found["axis"], found["value"], found["places"], strict=True):
        rows = np.sort(np.asarray(places, dtype=np.int64))
        known = together.get(rows.tobytes())
        item = Item(str(axis), str(value))
        if known is None or len(item.value) > len(known[0].value):
            together[rows.tobytes()] = item, rows
    yield from together.values()


def verdicts(connection: duckdb.DuckDBPyConnection, images: Iterable[str]) -> dict[str, bool]:
    """Whether each of these images failed, for those that somebody judged."""
    _begin(connection, {})
    found = _columns(connection, "patterns/verdicts", {"images": list(images)})
    pairs = zip(found["image"], found["failed"], strict=True)
    return {str(image): bool(failed) for image, failed in pairs}
