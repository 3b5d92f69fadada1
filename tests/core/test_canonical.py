import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.canonical import canonical_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # lone surrogates are no text; canonical_json refuses them, see below
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_the_bytes_read_back_to_the_same_value_and_the_same_bytes(value: object) -> None:
    first = canonical_json(value)
    assert json.loads(first) == value
    assert canonical_json(json.loads(first)) == first


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical_json({"b": 1, "a": [True, None]}) == b'{"a":[true,null],"b":1}'


def test_a_float_stays_a_float_and_text_stays_utf8() -> None:
    assert canonical_json({"cfg": 7.0, "n": 7, "t": "é"}) == '{"cfg":7.0,"n":7,"t":"é"}'.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "\ud800"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_json([value])
