"""What is packed comes out as it went in."""

import pyarrow as pa
import pytest

from darkroom.adapters.warehouse import packed
from darkroom.adapters.warehouse.listing import ENTRIES
from darkroom.adapters.warehouse.packed import Packed

ROWS = [
    (f"demo/working/run/images/iteration_{n}.png.json", "sidecar", n * 2**40, None)
    for n in range(10)
]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
def test_rows_come_out_in_their_order_and_as_often_as_asked(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "_ROWS_AT_A_TIME", 3)
    found = Packed(ENTRIES)
    for row in ROWS[:count]:
        found.add(*row)
    assert len(found) == count
    assert list(found) == ROWS[:count] == list(found)
    assert len(found) == count
    again = Packed.of(ENTRIES, found.reader())
    assert (len(again), list(again)) == (count, ROWS[:count])


def test_a_million_alike_take_little_memory() -> None:
    found = Packed(ENTRIES)
    before = pa.total_allocated_bytes()
    for number in range(50_000):
        key = f"demo/working/2026-11-21_11-30-00/images/iteration_{number:06}.png.json"
        found.add(key, "sidecar", 2_000 + number % 7, 1_795_000_000_000_000_000 + number)
    assert len(found) == 50_000
    assert sum(len(pack) for pack in found._packs) < 50_000 * 20
    assert pa.total_allocated_bytes() - before < 2**20
