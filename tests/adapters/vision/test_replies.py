import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.vision.replies import json_object


@pytest.mark.parametrize(
    "text",
    [
        '{"a": true}',
        '  {"a": true}\n',
        'Sure!\n```json\n{"a": true}\n```\nHope it helps.',
        "```\n{'a': true,}\n```",
        'The answer is {"a": true} as asked',
        '<think>{"a": false}? no</think>{"a": true}',
        '{"a": true',
    ],
)
def test_the_object_is_found_wherever_it_stands(text: str) -> None:
    assert json_object(text) == {"a": True}


@pytest.mark.parametrize("text", ["", "no idea", "[1, 2]", "{" * 5000, '{"a": NaN'[:1], "}{"])
def test_where_there_is_no_object_there_is_none(text: str) -> None:
    assert json_object(text) is None


def test_nan_is_not_let_through_as_a_number() -> None:
    assert json_object('{"score": NaN}') == {"score": "NaN"}


@given(st.text(max_size=300))
def test_any_text_gives_an_object_or_none(text: str) -> None:
    found = json_object(text)
    assert found is None or isinstance(found, dict)
