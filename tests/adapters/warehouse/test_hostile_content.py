"""Content that means harm, or is merely strange, is data: it is kept, found, and does nothing."""

import json
import math

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import reading
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.conftest import Ask
from tests.fakes.archives import Archive, sidecar

HOSTILE = [
    "'; DROP TABLE images; --",
    "\" OR 1=1; ATTACH '/tmp/x.db'; --",
    "$prompt {prompt} %s ?1 :name",
    "{{ 7*7 }} ${jndi:ldap://x} <script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "\x1b]0;title\x07\x1b[2J",
    "\u202eright to left\u2066 \u0000 nul".replace("\u0000", ""),
    "\\N \\x00 \\' %",
    "emoji \U0001f3de\ufe0f and \ud7ff\ue000",
]


def test_hostile_prompts_are_kept_to_the_letter_and_found_by_parameters(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    for number, prompt in enumerate(HOSTILE, 1):
        archive.image(number, input__prompt=prompt, workflow__model=prompt)
    assert update(files, folder).quarantined == 0
    rows = ask("SELECT iteration, prompt, model FROM image ORDER BY iteration")
    assert rows == [(number, text, text) for number, text in enumerate(HOSTILE, 1)]
    for number, prompt in enumerate(HOSTILE, 1):
        assert ask("SELECT iteration FROM image WHERE prompt = $1", prompt) == [(number,)]


def test_hostile_names_of_axes_questions_and_loras_are_data(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    evil = HOSTILE[0]
    archive.image(
        1,
        iteration__questions={evil: evil},
        iteration__evaluation={"overall_score": 0.0, "criteria_results": {evil: False}},
        parameters__loras=[{"name": evil, "strength": 1.0}],
    )
    archive.say(archive.keys.image(1), notes=evil, extra={evil: evil})
    assert update(files, folder).failed_checks == ()
    assert ask("SELECT field, value FROM answers") == [(evil, evil)]
    assert ask("SELECT field FROM criteria") == [(evil,)]
    assert ask("SELECT name FROM image_loras") == [(evil,)]
    notes, extra = ask("SELECT notes, extra FROM image")[0]
    assert (notes, json.loads(extra)) == (evil, {evil: evil})


def test_a_prompt_of_ten_megabytes_harms_nobody_else(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    archive.image(1)
    archive.image(2, input__prompt="x" * 10_000_000)
    assert update(files, folder).quarantined == 1
    assert ask("SELECT iteration FROM image") == [(1,)]
    assert ask("SELECT source, code FROM quarantine") == [
        (archive.keys.sidecar(2), "sidecar-too-large")
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_set_aside_and_poisons_no_mean(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask, value: float
) -> None:
    archive.image(1)
    archive.image(2, quality__composite_score=value)
    image = archive.keys.image(1)
    archive.score(image, "2026-12-01T00:00:00Z", value)
    assert update(files, folder).quarantined == 2
    assert ask("SELECT avg(composite_score) FROM image") == [(6.25,)]
    assert ask("SELECT DISTINCT code FROM quarantine") == [("sidecar-number",)]


def test_a_key_with_a_quote_in_the_way_to_the_warehouse_is_no_sql(
    archive: Archive, folder: FolderStore, files: Files
) -> None:
    archive.image(1)
    odd = Files(files.published.with_name("it's; DROP TABLE images; --.duckdb"))
    update(odd, folder)
    connection = reading(odd.published)
    try:
        assert connection.execute("SELECT count(*) FROM image").fetchall() == [(1,)]
    finally:
        connection.close()


def test_clocks_that_are_wrong_change_no_content(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    for number, moment in enumerate(
        (
            "0001-01-01T00:00:00.000000Z",
            "2106-02-07T06:28:16.000000Z",
            "9999-12-31T23:59:59.999999Z",
        ),
        1,
    ):
        archive.image(number, timestamp=moment, committed_at="1970-01-01T00:00:00.000000Z")
    assert update(files, folder).failed_checks == ()
    assert [row[0].year for row in ask("SELECT created_at FROM image ORDER BY iteration")] == [
        1,
        2106,
        9999,
    ]


def test_any_number_of_good_documents_outlives_the_bad_ones(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    bad = [b"", b"{", b"[]", b"null", b"<html>", b"\x89PNG", b'{"prompt": 1}', b"\xff" * 100]
    for number, content in enumerate(bad, 1):
        archive.put(archive.keys.sidecar(number), content)
    for number in range(20, 30):
        archive.image(number)
    claimed = sidecar(archive.keys, 50)
    archive.put(archive.keys.sidecar(51), claimed)  # a copy that says it lies elsewhere
    report = update(files, folder)
    assert (report.added, report.quarantined) == (19, 9)
    assert ask("SELECT count(*) FROM image") == [(10,)]
    assert ask("SELECT count(*) FROM quarantine WHERE length(reason) > 0") == [(9,)]
