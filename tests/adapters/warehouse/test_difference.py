"""What a listing holds that the warehouse does not, and the other way round."""

from collections.abc import Iterator

import duckdb
import pytest

from darkroom.adapters.warehouse import building
from darkroom.adapters.warehouse.difference import difference, unsuperseded
from darkroom.adapters.warehouse.listing import ENTRIES, FOLDERS, Listing, Range
from darkroom.adapters.warehouse.packed import Packed

RUN = "demo/working/2026-11-21_11-30-00"
IMAGE = f"{RUN}/images/iteration_001.png.json"
METADATA = f"{RUN}/metadata/iteration_001_metadata.json"
KNOWN = [(f"{RUN}/human/a.json", "annotation", 3, 7), (METADATA, "s2", None, None)]


def packed(*rows: tuple[object, ...]) -> Packed:
    found = Packed(ENTRIES)
    for row in rows:
        found.add(*row)
    return found


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        building.create(connection)
        rows = [(key, key.rpartition("/")[0], *rest) for key, *rest in KNOWN]
        connection.executemany("INSERT INTO sources VALUES (?, ?, ?, ?, ?)", rows)
        yield connection


def test_nothing_differs_where_a_missing_size_is_missing_on_both_sides(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = difference(connection, Listing(packed(*KNOWN), is_whole=True))
    assert found.is_none
    assert found.changed == frozenset()


def test_what_shows_twice_in_a_listing_is_read_once(connection: duckdb.DuckDBPyConnection) -> None:
    twice = [(f"{RUN}/run.json", "run", 5, time) for time in (1, 2)]
    found = difference(connection, Listing(packed(*KNOWN, *twice), is_whole=True))
    assert [key for key, *_ in found.new] == [f"{RUN}/run.json"]


def test_only_the_part_that_was_looked_at_can_be_gone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    folders = Packed(FOLDERS)
    folders.add(f"{RUN}/metadata", None)
    for listing in (
        Listing(packed(), is_whole=False, folders=folders),
        Listing(packed(), is_whole=False, ranges=(Range("demo/working/", f"{RUN}/human/z"),)),
    ):
        assert difference(connection, listing).gone == {METADATA}


def test_a_sidecar_takes_the_place_of_what_s2_said_of_the_image(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    both = Listing(packed(*KNOWN, (IMAGE, "sidecar", 1, 1)), is_whole=True)
    found = difference(connection, both)
    assert ([key for key, *_ in found.new], found.gone) == ([IMAGE], {METADATA})


def test_the_folder_to_look_at_again_is_that_of_the_run_whose_better_document_is_gone() -> None:
    assert unsuperseded([IMAGE, f"{RUN}/human/a.json"]) == {f"{RUN}/metadata"}
    assert unsuperseded([f"{RUN}/run.json"]) == {f"{RUN}/metadata"}
    assert unsuperseded([f"{RUN}/images/other.png.json", METADATA]) == set()
