"""Every item of a table under one number: values of axes first, then words.

Owns that numbering and the shape of counted cells; what is counted, and which of it is sure,
are other modules' business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkroom.archive.patterns.table import Codes, Mask, Table
from darkroom.core.patterns import Items


@dataclass(frozen=True)
class Places:
    """Cells of one table: which items each is, by column of `Everything`, and its counts."""

    columns: Codes
    """One row per cell, one column per item, the lowest first."""
    counts: Codes
    failures: Codes


class Everything:
    """The items of a table under one numbering: axis values first, then words."""

    def __init__(self, table: Table) -> None:
        self.table = table
        sizes = [len(axis.values) for axis in table.axes]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.words_at = int(self.starts[-1])

    @cached_property
    def items(self) -> Items:
        """Every item by its number."""
        values = [axis.item(code) for axis in self.table.axes for code in range(1, axis.size)]
        return (*values, *self.table.words)

    @cached_property
    def outcomes(self) -> tuple[Codes, ...]:
        """Per axis, twice the code of each image, and one more where it failed."""
        return tuple(2 * axis.codes + self.table.failed for axis in self.table.axes)

    def rows(self, column: int) -> Mask:
        """The images that have an item."""
        if column >= self.words_at:
            return self.table.has_word[:, column - self.words_at]
        at = int(np.searchsorted(self.starts, column, side="right")) - 1
        return self.table.axes[at].codes == column - self.starts[at] + 1

    def rows_of(self, columns: Iterable[int]) -> Mask:
        """The images that have all of several items."""
        rows = np.ones(self.table.count, dtype=bool)
        for column in columns:
            rows &= self.rows(column)
        return rows

    def with_all(self, rows: Codes) -> Codes:
        """How many of these images have each item."""
        per_axis = [np.bincount(a.codes[rows], minlength=a.size)[1:] for a in self.table.axes]
        return np.concatenate([*per_axis, self.table.has_word[rows].sum(axis=0, dtype=np.int64)])


def joined(found: Iterable[Places]) -> list[Places]:
    """The same cells in as few tables as there are widths."""
    by_width: dict[int, list[Places]] = {}
    for one in found:
        by_width.setdefault(one.columns.shape[1], []).append(one)
    return [
        Places(
            np.concatenate([one.columns for one in several]),
            np.concatenate([one.counts for one in several]),
            np.concatenate([one.failures for one in several]),
        )
        for _, several in sorted(by_width.items())
    ]
