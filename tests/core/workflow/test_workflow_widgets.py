import pytest

from darkroom.core.workflow.object_info import input_spec
from darkroom.core.workflow.ui_format import UiNode
from darkroom.core.workflow.widgets import fits, widget_values
from tests.fakes.workflows import host


def _values(class_type: str, saved: object):
    node = UiNode("1", class_type, "", 0, (), (), False, saved, ())
    return widget_values(node, host().get(class_type))


@pytest.mark.parametrize(
    ("class_type", "saved", "values"),
    [
        ("KSampler", [1, "fixed", 20, 8, "euler", "normal", 1], [1, 20, 8, "euler", "normal", 1]),
        ("KSampler", [1, 20, 8, "euler", "normal", 1], [1, 20, 8, "euler", "normal", 1]),
        ("KSampler", [1, True, 20, 8, "euler", "normal", 1], [1, 20, 8, "euler", "normal", 1]),
        ("KSampler", [1, "fixed", 20, 8, "euler"], [1, 20, 8, "euler", "simple", 1.0]),
        ("KSampler", None, [0, 20, 8.0, "euler", "simple", 1.0]),
        ("KSampler", [1, "fixed", None, 8, "euler", "normal", 1], [1, 20, 8, "euler", "normal", 1]),
        ("RandomNoise", [7, "randomize"], [7]),
        ("LegacySeed", [7, "fixed", "free", True], [7, "free", True]),
        ("LegacySeed", [7, "fixed", True], [7, "fixed", True]),
        ("LegacySeed", [7], [7, "fixed", True]),
        ("PickOne", ["a", "fixed", "", "note"], ["a", "note"]),
        ("PickOne", ["a", "fixed", "note"], ["a", "note"]),
        ("PickOne", ["a", "note"], ["a", "note"]),
        ("PickOne", ["a", "increment", ""], ["a", ""]),
    ],
)
def test_saved_values_are_laid_beside_their_inputs(class_type, saved, values):
    found = _values(class_type, saved)
    assert list(found.values.values()) == values
    assert found.problems == []


def test_a_value_that_cannot_belong_is_a_problem():
    assert _values("KSampler", [1, "fixed", "euler", 8, 5, [], 1]).problems == [
        "the saved value 'euler' cannot be steps",
        "the saved value [] cannot be scheduler",
    ]


def test_a_choice_that_is_not_offered_brings_no_inputs():
    found = _values("ResizeByChoice", ["stretch", "area"])
    assert found.values == {"resize": "stretch", "method": "area"}


@pytest.mark.parametrize(
    ("declared", "value", "is_fit"),
    [
        (["INT", {}], 5, True),
        (["INT", {}], "5", True),
        (["INT", {}], "five", False),
        (["INT", {}], True, False),
        (["FLOAT", {}], [1], False),
        (["BOOLEAN", {}], "on", True),
        (["BOOLEAN", {}], 1.5, False),
        (["STRING", {}], {}, False),
        ([["a"], {}], "not offered", True),
        ([["a"], {}], ["a"], False),
        ([["a"], {"multiselect": True}], ["a"], True),
        (["CURVE", {}], {"x": 1}, True),
    ],
)
def test_values_fit_by_kind(declared, value, is_fit):
    assert fits(input_spec("x", declared, required=True), value) is is_fit
