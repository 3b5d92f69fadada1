"""The SQL files: each says what one row is, takes named parameters only, and runs as it stands."""

import re

import duckdb
import pytest

from darkroom.adapters.warehouse.building import create
from darkroom.adapters.warehouse.statements import (
    Query,
    folder,
    query,
    query_names,
    schema_id,
    statements,
)
from darkroom.core.errors import UsageError

PARTS = ("schema", "views", "checks", "sync")
FILES = [
    pytest.param(found, id=f"{part}-{found.name}") for part in PARTS for found in statements(part)
]
QUERIES = [pytest.param(query(name), id=name) for name in query_names()]


@pytest.mark.parametrize("found", [*FILES, *QUERIES])
def test_the_first_line_says_what_one_row_is(found: Query) -> None:
    assert re.match(r"one row", found.grain), found.grain


@pytest.mark.parametrize("found", [*FILES, *QUERIES])
def test_no_value_is_put_into_the_text(found: Query) -> None:
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", found.text)
    assert not re.search(r"\?|%s|\{\w*\}|\$\d", bare)


@pytest.fixture
def empty() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create(connection)
    return connection


def test_schema_and_views_build_and_checks_find_nothing_in_an_empty_warehouse(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    with empty:
        for check in statements("checks"):
            assert empty.execute(check.text).fetchall() == [], check.name


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("INSERT INTO images BY NAME {image}; INSERT INTO images BY NAME {image}", "image_twice"),
        ("INSERT INTO images BY NAME {image}", "content_without_source"),
        ("INSERT INTO answers VALUES ('a', 'f', 'v')", "part_without_image"),
        (
            "INSERT INTO sources VALUES ('a.png.json', '', 'sidecar', 1, 1)",
            "source_without_content",
        ),
        (
            "INSERT INTO quarantine VALUES ('a', 'run', 'c', 'r'), ('a', 'run', 'c', 'r')",
            "source_twice",
        ),
        (
            "INSERT INTO images BY NAME {image}; UPDATE images SET coverage = 2",
            "number_out_of_range",
        ),
        ("INSERT INTO image_marks (image) VALUES ('a')", "marks_without_event"),
        (
            "INSERT INTO runs BY NAME {run}; INSERT INTO runs BY NAME {run}",
            "run_twice",
        ),
        (
            "INSERT INTO sync_state VALUES ('s', 'x', 3, '0', now()::TIMESTAMP, now()::TIMESTAMP)",
            "watermark_differs",
        ),
        (
            "INSERT INTO images BY NAME {image};"
            " INSERT INTO image_marks (image) VALUES ('a.png'), ('a.png')",
            "views_keep_rows",
        ),
    ],
)
def test_each_check_finds_what_it_looks_for(
    empty: duckdb.DuckDBPyConnection, damage: str, check: str
) -> None:
    image = (
        "SELECT 'a.png' AS image, 'a.png.json' AS source, 'x' AS form, '' AS prompt,"
        " '' AS negative_prompt, 0 AS lora_count, 0 AS criteria_met, 0 AS criteria_count,"
        " false AS is_test, '{}' AS document"
    )
    run = (
        "SELECT 'p/r' AS run, 's' AS source, 'p' AS project, 'r' AS run_id, false AS is_test,"
        " '{}' AS document"
    )
    with empty:
        empty.execute(damage.replace("{image}", image).replace("{run}", run))
        text = next(found.text for found in statements("checks") if found.name == check)
        assert empty.execute(text).fetchall() != []


def test_every_check_has_a_test() -> None:
    marks = test_each_check_finds_what_it_looks_for.pytestmark
    tested = {row[1] for row in marks[0].args[1]}
    assert tested == {check.name for check in statements("checks")}


def test_parameters_are_found_in_code_and_not_in_comments_or_texts() -> None:
    assert query("warehouse/quarantine").parameters == {"pattern", "limit"}
    assert query("warehouse/quarantine").bound({"limit": 3}) == {"limit": 3, "pattern": None}


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="it has: limit, pattern") as caught:
        query("warehouse/quarantine").bound({"lim": 3})
    assert caught.value.code == "query-parameter-unknown"


@pytest.mark.parametrize("value", ["a\udcff", ["a", "\ud800"], [["\udfff"]]])
def test_what_is_no_text_is_refused_before_the_database_sees_it(value: object) -> None:
    with pytest.raises(UsageError, match="is no text") as caught:
        query("warehouse/quarantine").bound({"pattern": value})
    assert caught.value.code == "selection-invalid"


@pytest.mark.parametrize("name", ["nothing", "../schema/images", "warehouse/", "", "a;b"])
def test_an_unknown_query_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        query(name)
    assert caught.value.code == "query-unknown"


def test_a_misspelt_query_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        query("warehouse/statu")
    assert "warehouse/status" in caught.value.hint


def test_another_reader_or_other_sql_means_another_shape() -> None:
    assert schema_id("1") != schema_id("2")
    assert folder("schema").name == "schema"
