from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.errors import UsageError
from darkroom.core.keys import (
    RunKeys,
    checked_key,
    checked_prefix,
    is_key,
    is_run_id,
    job_key,
    run_id,
    sidecar_key,
)

GOOD = ["a", "demo/working/2026-01-09_22-25-59/images/iteration_001.png.json", "x" * 120, "_a/-b"]
BAD = [
    "",
    "/a",
    "a/",
    "a//b",
    "a/../b",
    ".",
    "..",
    "a/.hidden",
    "A",
    "ä",
    "a b",
    "a\nb",
    "a\n",
    "a\x00",
    "x" * 121,
    "/".join(["x" * 100] * 6),
    "a\\b",
    "a/%2e%2e/b",
]


@pytest.mark.parametrize("key", GOOD)
def test_a_good_key_is_returned_as_it_is(key: str) -> None:
    assert checked_key(key) == key


@pytest.mark.parametrize("key", BAD)
def test_a_bad_key_is_refused(key: str) -> None:
    assert not is_key(key)
    with pytest.raises(UsageError) as caught:
        checked_key(key)
    assert caught.value.code == "key-invalid"


@given(st.text())
def test_a_key_never_leads_out_of_its_root(text: str) -> None:
    if is_key(text):
        assert not text.startswith("/")
        assert not {"", ".", ".."} & set(text.split("/"))


@pytest.mark.parametrize("prefix", ["", "demo", "demo/", "demo/working/2026-01"])
def test_a_prefix_may_end_anywhere_in_a_key(prefix: str) -> None:
    assert checked_prefix(prefix) == prefix


@pytest.mark.parametrize("prefix", ["/", "../", "a//", "A", "a/.b", "a\n", "x/" * 400])
def test_a_prefix_no_key_can_have_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError):
        checked_prefix(prefix)


def test_a_run_is_named_by_its_start_and_a_suffix_when_taken() -> None:
    started = datetime(2026, 1, 9, 22, 25, 59, tzinfo=UTC)
    first = run_id(started)
    second = run_id(started, frozenset({first}))
    third = run_id(started, frozenset({first, second}))
    assert (first, second, third) == (
        "2026-01-09_22-25-59",
        "2026-01-09_22-25-59-2",
        "2026-01-09_22-25-59-3",
    )
    assert all(is_run_id(name) and is_key(name) for name in (first, second, third))


@pytest.mark.parametrize("text", ["latest", "2026-01-09", "2026-01-09_22-25-59/..", ""])
def test_other_texts_are_no_run_ids(text: str) -> None:
    assert not is_run_id(text)


def test_every_key_of_a_run_fits_every_store() -> None:
    keys = RunKeys("demo", "2026-01-09_22-25-59")
    job = "f" * 64
    names = [
        keys.image(1),
        keys.sidecar(1),
        keys.document("questions", 12),
        keys.ranking(),
        keys.intent(job, 1),
        keys.outcome(job, 3),
    ]
    assert all(is_key(name) and name.startswith(keys.root + "/") for name in names)
    assert keys.intent(job, 1).startswith(keys.intents())
    assert keys.sidecar(1) == sidecar_key(keys.image(1)) == keys.image(1) + ".json"
    assert keys.document("questions", 12).endswith("/questions/iteration_012_questions.json")


def test_a_job_is_the_same_whatever_the_order_of_its_graph() -> None:
    one = job_key({"1": {"b": 1, "a": 2}, "2": {}}, {"in": "x"}, 7, "engine")
    other = job_key({"2": {}, "1": {"a": 2, "b": 1}}, {"in": "x"}, 7, "engine")
    assert one == other


@pytest.mark.parametrize(
    "other",
    [
        ({"1": {"cfg": 8.0}}, {"in": "x"}, 7, "engine", "1"),
        ({"1": {"cfg": 7.0}}, {"in": "y"}, 7, "engine", "1"),
        ({"1": {"cfg": 7.0}}, {"in": "x"}, 8, "engine", "1"),
        ({"1": {"cfg": 7.0}}, {"in": "x"}, 7, "another", "1"),
        ({"1": {"cfg": 7.0}}, {"in": "x"}, 7, "engine", "2"),
    ],
)
def test_a_job_differs_when_any_part_of_its_identity_differs(
    other: tuple[dict[str, object], dict[str, str], int, str, str],
) -> None:
    assert job_key({"1": {"cfg": 7.0}}, {"in": "x"}, 7, "engine", "1") != job_key(*other)
