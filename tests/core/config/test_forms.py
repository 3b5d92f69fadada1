"""What the forms of flows share."""

import pytest
from pydantic import ValidationError

from darkroom.core.config.forms import Connections


def test_no_block_is_used_unless_it_is_named() -> None:
    assert Connections().model_dump() == {
        "store": None,
        "warehouse": None,
        "servers": [],
        "providers": [],
    }


@pytest.mark.parametrize(
    "wrong", [{"store": "Team A"}, {"servers": ["a/b"]}, {"secret": "x"}, {"providers": ["-"]}]
)
def test_a_connection_is_the_name_of_a_block_and_nothing_else(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Connections.model_validate(wrong)
