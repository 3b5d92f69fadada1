"""Planted patterns are found, and where none was planted none is said."""

import duckdb
import pytest

from benchmarks.patterns.planted import PLANTED, Plan, warehouse
from darkroom.archive.patterns.analysing import PatternReport, analyse
from darkroom.archive.patterns.reading import Scope
from darkroom.core.pattern_trials import PatternTrial, TrialItem
from darkroom.core.patterns import Limits

PHRASES = {"pink cross": 0.85}


def report(plan: Plan, scope: Scope | None = None) -> PatternReport:
    connection = warehouse(plan)
    try:
        return analyse(connection, scope or Scope(), Limits()).report
    finally:
        connection.close()


def wanted(plan: Plan) -> list[dict[str, str]]:
    return [dict(items) for items, _ in plan.planted] + [{"prompt": one} for one in plan.prompts]


@pytest.mark.parametrize("seed", range(3))
def test_planted_patterns_are_found_and_nothing_else(seed: int) -> None:
    plan = Plan(12_000, seed, prompts=PHRASES)
    found = [one.pattern for one in report(plan).patterns]
    truth = wanted(plan)
    hits = sum(pattern in truth for pattern in found)
    assert hits >= 0.9 * len(truth)
    assert len(found) - hits <= 0.05 * len(found)


@pytest.mark.parametrize(("images", "base"), [(1000, 0.4), (3000, 0.4), (6000, 0.12)])
@pytest.mark.parametrize("seed", range(2))
def test_without_a_pattern_nothing_is_said(images: int, base: float, seed: int) -> None:
    assert report(Plan(images, seed, base, planted=())).patterns == ()


def test_runs_that_differ_by_themselves_are_no_pattern() -> None:
    plan = Plan(4000, 5, base=0.3, planted=(), unlike_runs=0.25)
    assert report(plan).patterns == ()


def test_a_pattern_carries_what_a_person_needs() -> None:
    found = {tuple(sorted(one.pattern)): one for one in report(Plan(12_000, 1)).patterns}
    one = found["Expression", "Pose"]
    assert one.pattern == dict(PLANTED[0][0])
    assert one.interval.low < one.failure_rate < one.interval.high
    assert one.common_category == "malformed"
    assert one.status == "candidate"
    assert one.runs > 100
    assert one.better is not None
    assert one.better.tally.rate < 0.3
    assert one.recommendation.startswith("Suspect ")


def test_one_model_is_looked_at_alone() -> None:
    found = report(Plan(12_000, 2), Scope(model="model2"))
    assert found.images < 4000
    assert {"Age": "old1", "View": "above3"} in [one.pattern for one in found.patterns]


def test_an_unknown_model_has_no_images_and_no_patterns() -> None:
    found = report(Plan(500, 3), Scope(model="nobody's"))
    assert (found.images, found.patterns, found.base_rate) == (0, (), 0.0)


def _with(connection: duckdb.DuckDBPyConnection, clause: str) -> list[str]:
    named = f"SELECT i.image FROM images i JOIN variations v USING (image) WHERE {clause}"
    rows = connection.execute(f"{named} ORDER BY i.image LIMIT 24").fetchall()
    return [row[0] for row in rows]


def _trial(run: str, number: int, failing: list[str], passing: list[str]) -> PatternTrial:
    some = slice(4 * number, 4 * number + 4)
    return PatternTrial(
        id=f"01k6zmpc6069z5svp54d5dx80{number}",
        at="2026-11-21T12:00:00.000000Z",
        run=run,
        items=(TrialItem(axis="Outfit", value="kimono7"),),
        with_pattern=tuple(failing[some]),
        without_pattern=tuple(passing[some]),
    )


def test_the_rounds_of_a_trial_count_together_and_is_no_evidence_itself() -> None:
    connection = warehouse(Plan(12_000, 4))
    failing = _with(connection, "value = 'kimono7'")
    connection.execute(
        "UPDATE image_marks SET status = 'ko' WHERE list_contains(?, image)", [failing]
    )
    passing = _with(connection, "axis = 'Outfit' AND value = 'armour3'")
    clean = "UPDATE image_marks SET status = 'ok', failure_category = NULL"
    connection.execute(f"{clean} WHERE list_contains(?, image)", [passing])
    before = analyse(connection, Scope(), Limits()).report
    run = connection.execute("SELECT run FROM images WHERE image = ?", failing[:1]).fetchone()
    assert run is not None
    halves = [_trial(run[0], number, failing, passing) for number in range(2)]
    first = analyse(connection, Scope(), Limits(), halves[:1]).report
    after = analyse(connection, Scope(), Limits(), halves).report
    connection.close()
    (tried,) = [one for one in after.patterns if one.pattern == {"Outfit": "kimono7"}]
    assert {one.status for one in first.patterns} == {"candidate"}  # four a side prove nothing
    assert (tried.status, tried.trial is not None) == ("confirmed", True)
    assert tried.recommendation.startswith("Avoid ")
    assert after.images < before.images


def test_the_words_of_people_come_before_judges_and_grades() -> None:
    connection = warehouse(Plan(6, 0, planted=()))
    images = [
        row[0] for row in connection.execute("SELECT image FROM images ORDER BY image").fetchall()
    ]
    connection.execute("DELETE FROM image_marks")
    marks = [(0, "ok", None), (1, None, "noise")]
    for at, status, category in marks:
        row = [images[at], status, category]
        connection.execute(
            "INSERT INTO image_marks (image, status, failure_category) VALUES (?, ?, ?)", row
        )
    for at, passed in ((0, False), (1, True), (2, False), (3, True), (4, None)):
        row = [images[at], "f", passed]
        connection.execute("INSERT INTO criteria (image, field, passed) VALUES (?, ?, ?)", row)
    connection.execute("UPDATE images SET grade = 'F', run = image")
    connection.execute("UPDATE images SET grade = NULL WHERE image = ?", images[5:])
    analysis = analyse(connection, Scope(), Limits())
    failed = dict(zip(analysis.table.keys, analysis.table.failed.tolist(), strict=True))
    connection.close()
    assert failed == {
        images[0]: False,  # the person's ok beats judge and grade
        images[1]: True,  # a category is a person's word too
        images[2]: True,  # the judge beats the grade
        images[3]: False,
        images[4]: True,  # the judge does not know; grade F counts
    }  # nobody judged the sixth


def test_where_a_person_looked_what_is_not_marked_passed() -> None:
    connection = warehouse(Plan(30, 1, planted=()))
    connection.execute("DELETE FROM image_marks WHERE status = 'ok'")
    connection.execute("UPDATE images SET run = 'p/one'")
    connection.execute("UPDATE image_marks SET failure_category = NULL")
    analysis = analyse(connection, Scope(), Limits())
    connection.close()
    assert analysis.report.images == 30
    assert 0 < analysis.report.failures < 30


@pytest.mark.parametrize(
    ("said_of_one", "images"),
    [("NULL", 400), ("'ok'", None), ("NULL, is_liked = TRUE", 400)],
)
def test_where_only_failures_are_ever_marked_all_else_passed(
    said_of_one: str, images: int | None
) -> None:
    connection = warehouse(Plan(400, 1, planted=()))
    marked = connection.execute("SELECT count(*) FROM image_marks WHERE status = 'ko'").fetchone()
    passed = "SELECT image FROM image_marks WHERE status = 'ok' ORDER BY image LIMIT 1"
    connection.execute(f"DELETE FROM image_marks WHERE status = 'ok' AND image NOT IN ({passed})")
    connection.execute(f"UPDATE image_marks SET status = {said_of_one} WHERE status = 'ok'")
    connection.execute(
        "UPDATE images SET run = 'p/' || nth FROM (SELECT image AS one,"
        " row_number() OVER () AS nth FROM images) WHERE image = one"
    )
    report = analyse(connection, Scope(), Limits()).report
    connection.close()
    assert marked is not None
    assert (report.images, report.failures) == (images or marked[0] + 1, marked[0])
