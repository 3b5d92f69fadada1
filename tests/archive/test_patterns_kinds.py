"""Worlds in which something other than a pattern makes images fail, and patterns among it."""

from dataclasses import replace

import duckdb
import pytest

from benchmarks.patterns.kinds import WITH, WITHOUT, looked_at
from benchmarks.patterns.planted import Plan, warehouse
from darkroom.archive.patterns.analysing import analyse
from darkroom.archive.patterns.reading import Scope
from darkroom.core.patterns import Limits


@pytest.mark.parametrize(
    "kind",
    [
        "one bad run",
        "a few bad runs, parameters fixed in runs",
        "a rate that drifts, parameters fixed in runs",
        "a few bad days",
        "seeds that repeat",
        "few images",
        "parameters that go together",
    ],
)
def test_what_is_no_pattern_is_not_said(kind: str) -> None:
    assert looked_at(WITHOUT[kind], [11, 12]).reported == 0


@pytest.mark.parametrize(
    "kind",
    [
        "a parameter that always goes with it",
        "a rate that drifts",
        "in one model only",
        "parameters fixed in runs",
        "days that differ",
        "runs of one image",
        "seeds that repeat",
    ],
)
def test_a_pattern_is_found_whatever_else_makes_images_fail(kind: str) -> None:
    found = looked_at(WITH[kind], [0])  # where a rate drifts, this seed once gave a false one
    assert (found.recall, found.false) == (1.0, 0)


def _with(plan: Plan, change: str) -> duckdb.DuckDBPyConnection:
    connection = warehouse(plan)
    connection.execute(change)
    return connection


def _found(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    try:
        return [one.pattern for one in analyse(connection, Scope(), Limits()).report.patterns]
    finally:
        connection.close()


def test_images_outside_of_runs_are_looked_at_each_by_itself() -> None:
    outside = "UPDATE images SET run = NULL, run_id = NULL, project = NULL"
    assert _found(_with(WITH["one value"], outside)) == [{"Outfit": "kimono7"}]


def test_where_a_person_looked_outside_of_runs_what_is_not_marked_passed() -> None:
    connection = _with(
        WITH["one value"],
        "UPDATE images SET run = NULL, run_id = NULL; DELETE FROM image_marks WHERE status = 'ok'",
    )
    assert _found(connection) == [{"Outfit": "kimono7"}]


@pytest.mark.parametrize(
    ("column", "named"),
    [("denoise = 0.9", {"denoise": "0.9"}), ("width = 1024, height = 64", {"size": "1024x64"})],
)
def test_sizes_and_numbers_of_drawing_are_looked_at_too(column: str, named: dict[str, str]) -> None:
    plan = replace(WITH["one value"], seed=3)
    usual = "UPDATE images SET denoise = 0.5, width = 64, height = 64"
    wearing = "(SELECT image FROM variations WHERE axis = 'Outfit' AND value = 'kimono7')"
    changes = f"{usual}; UPDATE images SET {column} WHERE image IN {wearing};"
    gone = "DELETE FROM variations WHERE axis = 'Outfit'"
    assert named in _found(_with(plan, f"{changes} {gone}"))
