"""The document of a trial: whole, at its own place, or refused."""

import json

import pytest

from darkroom.core.errors import DataError
from darkroom.core.pattern_trials import PatternTrial, TrialItem, parse, serialise, trial_key
from darkroom.core.patterns import Item

ULID = "01k6zmpc6069z5svp54d5dx804"


def trial() -> PatternTrial:
    return PatternTrial(
        id=ULID,
        at="2026-11-21T12:00:00.000000Z",
        run="demo/2026-11-21_12-00-00",
        items=(TrialItem(axis="prompt", value="pink cross"), TrialItem(axis="model", value="m")),
        with_pattern=("demo/working/2026-11-21_12-00-00/images/iteration_001.png",),
        without_pattern=("demo/working/2026-11-21_12-00-00/images/iteration_002.png",),
    )


def test_what_is_written_is_read_again() -> None:
    key = trial_key(trial())
    assert key == f"demo/working/trials/{ULID}.json"
    assert parse(serialise(trial()), key) == trial()


def test_the_pattern_is_its_items_in_order() -> None:
    assert trial().pattern == (Item("model", "m"), Item("prompt", "pink cross"))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", serialise(trial())[:-30]])
def test_a_damaged_one_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match=":") as refused:
        parse(data, trial_key(trial()))
    assert refused.value.code == "trial-damaged"


def test_one_that_says_it_belongs_elsewhere_is_refused() -> None:
    document = json.loads(serialise(trial())) | {"run": "other/2026-11-21_12-00-00"}
    with pytest.raises(DataError, match="elsewhere"):
        parse(json.dumps(document).encode(), trial_key(trial()))
