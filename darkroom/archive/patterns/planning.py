"""Which images a trial starts from: some with the pattern, and their likes without it.

Owns the choice. Images without the pattern are the nearest by all that is known of them, so
that the two groups differ in the pattern and in little else. Draws nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom.archive.patterns.analysing import rows_with
from darkroom.archive.patterns.table import Codes, Floats, Table
from darkroom.core.patterns import Items


@dataclass(frozen=True)
class Pairing:
    """Images to draw again with fresh seeds, by their rows, on either side."""

    with_pattern: tuple[int, ...]
    without_pattern: tuple[int, ...]


def pairing(table: Table, items: Items, order: Sequence[int], most: int) -> Pairing:
    """Pair images with the pattern, in a given order of all rows, with their likes."""
    has = rows_with(table, items)
    chosen = [row for row in order if has[row]][:most]
    others = np.array([row for row in order if not has[row]], dtype=np.int64)
    if not chosen or not others.size:
        return Pairing((), ())
    return Pairing(tuple(chosen), tuple(_nearest(table, row, others) for row in chosen))


def _nearest(table: Table, row: int, others: Codes) -> int:
    """The first of the most alike."""
    return int(others[np.argmax(_likeness(table, row, others))])


def _likeness(table: Table, row: int, others: Codes) -> Floats:
    alike = np.zeros(others.size)
    for axis in table.axes:
        alike += axis.codes[others] == axis.codes[row]
    if table.words:
        shared = (table.has_word[others] & table.has_word[row]).sum(axis=1)
        either = (table.has_word[others] | table.has_word[row]).sum(axis=1)
        alike += 3 * shared / np.maximum(either, 1)
    return alike
