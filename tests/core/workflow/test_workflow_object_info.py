import pytest

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.object_info import input_spec, read_object_info
from tests.fakes.workflows import host


def test_both_combo_styles_are_read():
    spec = host().get("KSampler")
    assert spec.inputs["sampler_name"].options[0] == "euler"
    assert spec.inputs["scheduler"].options[0] == "simple"
    assert host().get("AnyTypes").inputs["late"].options is None


def test_inputs_come_in_the_declared_order():
    data = {
        "A": {
            "input": {"required": {"b": ["INT"], "a": ["INT"]}, "optional": {"c": ["INT"]}},
            "input_order": {"required": ["a", "b", "gone", 5], "optional": []},
            "output": ["INT", ["x", "y"]],
        }
    }
    spec = read_object_info(data).get("A")
    assert list(spec.inputs) == ["a", "b", "c"]
    assert spec.outputs == ("INT", "COMBO")
    assert (spec.display_name, spec.is_output) == ("A", False)


def test_the_catalogue_knows_its_classes():
    catalogue = host()
    assert "KSampler" in catalogue
    assert "Nothing" not in catalogue
    assert catalogue.get("Nothing") is None
    assert catalogue.get("KSampler") is catalogue.get("KSampler")
    assert "LoraLoader" in list(catalogue)


@pytest.mark.parametrize("data", [[], {}, {"A": {}}, {"A": 5}, "x"])
def test_something_else_is_not_an_object_info_answer(data):
    with pytest.raises(WorkflowError) as caught:
        read_object_info(data, where="oi.json")
    assert (caught.value.code, caught.value.where) == ("workflow-object-info", "oi.json")


@pytest.mark.parametrize(
    ("declared", "is_widget"),
    [
        (["INT", {}], True),
        (["STRING", {"forceInput": True}], False),
        (["MODEL"], False),
        ([["a", "b"]], True),
        ("broken", False),
        ([], False),
        ([5], False),
    ],
)
def test_widgets_are_told_from_wires(declared, is_widget):
    assert input_spec("x", declared, required=True).is_widget is is_widget


@pytest.mark.parametrize(
    ("name", "declared", "has_control"),
    [
        ("seed", ["INT", {}], True),
        ("mode.noise_seed", ["INT", {}], True),
        ("seed", ["INT", {"control_after_generate": False}], False),
        ("value", ["INT", {"control_after_generate": True}], True),
        ("steps", ["INT", {}], False),
        ("seed", ["FLOAT", {}], False),
    ],
)
def test_seeds_have_a_control_behind_them(name, declared, has_control):
    assert input_spec(name, declared, required=True).has_control is has_control


def test_a_default_is_the_first_choice_where_none_is_declared():
    assert input_spec("x", [["a", "b"]], required=True).default == "a"
    assert input_spec("x", [["a", "b"], {"default": "b"}], required=True).default == "b"
    assert input_spec("x", ["INT"], required=True).default is None


@pytest.mark.parametrize(
    ("name", "valid", "found"),
    [
        ("SDXL\\base.safetensors", ["a", "SDXL/base.safetensors"], "SDXL/base.safetensors"),
        ("SDXL/base.safetensors", ["SDXL\\base.safetensors"], "SDXL\\base.safetensors"),
        ("sdxl/Base.SafeTensors", ["SDXL/base.safetensors"], "SDXL/base.safetensors"),
        ("base.safetensors", ["SDXL/base.safetensors"], "SDXL/base.safetensors"),
        ("old/base.safetensors", ["new/base.safetensors"], "new/base.safetensors"),
        ("base.ckpt", ["SDXL/base.safetensors"], "SDXL/base.safetensors"),
        ("base", ["base.safetensors"], "base.safetensors"),
        (
            "dreamshaper_8",
            ["other.safetensors", "dreamshaper8.safetensors"],
            "dreamshaper8.safetensors",
        ),
        ("dpmpp2m", ["euler", "dpmpp_2m"], "dpmpp_2m"),
        ("nothing_like_it.safetensors", ["zebra.safetensors"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_is_what_was_meant(name, valid, found):
    assert nearest_name(name, valid) == found
