"""One form for one host, several and any, wherever a host is named."""

import pytest
from pydantic import ValidationError

from darkroom.core.config.aigen import Comfy
from darkroom.core.config.host_choice import host_names


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("studio", ("studio",)),
        ("studio, attic,studio", ("studio", "attic")),
        (["studio", "10.0.0.5"], ("studio", "10.0.0.5")),
        ("any", ("any",)),
    ],
)
def test_a_choice_is_one_name_or_several(written, names):
    told = Comfy(host=written, port=9000, retries=1)
    assert host_names(told.host) == names
    assert [(each.host, each.port, each.retries) for each in told.each] == [
        (name, 9000, 1) for name in names
    ]


@pytest.mark.parametrize("written", ["studio,", "", [], ["studio", 3], 3, "a,http://b:1", "a b"])
def test_what_names_no_host_is_refused(written):
    with pytest.raises(ValidationError):
        Comfy(host=written)
