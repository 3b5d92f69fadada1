import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.bindings import read_bindings, role_named
from darkroom.core.workflow.graph import Graph, Place, read_graph
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.presets import layered
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Role, find_roles
from darkroom.core.workflow.values import LARGEST_SEED
from tests.fakes.workflows import GRAPHS, corpus, document, node

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_VALUES = {
    "prompt": st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    "negative": st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    "seed": st.integers(0, LARGEST_SEED),
    "steps": st.integers(1, 10_000),
    "cfg": st.floats(0, 100),
    "guidance": st.floats(0, 100),
    "sampler": _NAMES,
    "scheduler": _NAMES,
    "denoise": st.floats(0, 1),
    "width": st.integers(1, 16_384),
    "height": st.integers(1, 16_384),
    "batch": st.integers(1, 4_096),
    "checkpoint": _NAMES,
    "vae": _NAMES,
    "image": _NAMES,
    "mask": _NAMES,
    "filename_prefix": _NAMES,
}
_FIELDS = {"negative": "negative_prompt"}


def _inputs(graph: Graph) -> dict[Place, object]:
    return {
        Place(one.id, name): v for one in graph.nodes.values() for name, v in one.inputs.items()
    }


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(GRAPHS), data=st.data())
def test_what_is_patched_in_is_read_back_and_the_rest_is_untouched(name, data):
    graph = corpus(name)
    before = copy.deepcopy(graph.as_json())
    has = [role for role in find_roles(graph).places if role in _VALUES]
    roles = data.draw(st.lists(st.sampled_from(has), unique=True, min_size=1))
    values = {str(role): data.draw(_VALUES[role]) for role in roles}

    patched = patch(graph, values)

    read = read_back(patched)
    assert {role: getattr(read, _FIELDS.get(role, role)) for role in values} == values
    assert graph.as_json() == before
    _only_the_roles_changed(graph, patched, values)


def _only_the_roles_changed(graph: Graph, patched: Graph, values: dict[str, object]) -> None:
    old, new = _inputs(graph), _inputs(patched)
    assert old.keys() == new.keys()
    changed = {place for place, value in old.items() if new[place] != value}
    given_values = list(values.values())
    assert all(new[place] in given_values for place in changed)
    places = find_roles(graph).places
    allowed = {place for role in values for place in places[Role(role)]}
    primitives = {place for place in old if graph.nodes[place.node].title or "Seed" in str(place)}
    assert changed <= allowed | {p for p in old if _is_primitive(graph, p)} | primitives
    kept = {key: (n.class_type, n.title) for key, n in graph.nodes.items()}
    assert {key: (n.class_type, n.title) for key, n in patched.nodes.items()} == kept


def _is_primitive(graph: Graph, place: Place) -> bool:
    return graph.nodes[place.node].class_type.startswith(("Primitive", "Seed"))


def test_a_value_is_written_where_its_primitive_holds_it():
    patched = patch(corpus("flux_custom_advanced"), {"width": 512, "height": 640})
    assert patched.value(Place("34", "value")) == 512
    assert patched.value(Place("30", "width")) == ["34", 0]
    assert patched.value(Place("27", "height")) == ["35", 0]


def test_a_primitive_shared_with_another_meaning_is_left_alone():
    patched = patch(corpus("reroutes_primitives"), {"width": 512})
    assert patched.value(Place("6", "width")) == 512
    assert patched.value(Place("6", "height")) == ["21", 0]
    assert patched.value(Place("21", "value")) == 640


def test_a_primitive_shared_with_an_input_of_that_name_is_left_alone():
    data = document("api/reroutes_primitives")
    data["6"]["inputs"]["height"] = 8
    data["x"] = node("ImageScale", image=["8", 0], width=512, height=["21", 0])
    assert patch(read_graph(data), {"width": 5}).value(Place("6", "width")) == 5


def test_a_prompt_is_followed_through_a_node_that_shows_it():
    patched = patch(corpus("reroutes_primitives"), {"prompt": "a bus"})
    assert patched.value(Place("20", "value")) == "a bus"
    assert patched.value(Place("4", "text")) == ["24", 0]


def test_a_computed_prompt_gives_way_to_the_one_that_was_asked_for():
    data = document("api/sd15_txt2img")
    data["6"]["inputs"]["text"] = ["c", 0]
    data["c"] = node("StringConcatenate", string_a="a", string_b="b", delimiter="")
    graph = read_graph(data)
    assert read_back(graph).prompt is None
    patched = patch(graph, {"prompt": "mine"})
    assert read_back(patched).prompt == "mine"
    assert patched.value(Place("c", "string_a")) == "a"


@pytest.mark.parametrize(
    ("name", "role", "says"),
    [
        ("sd15_txt2img", "guidance", "no place for guidance; it has places for: prompt, negative"),
        ("inpaint", "width", "(the size is that of the input image)"),
        ("sd3_txt2img", "negative", "(node 67 silences"),
        ("sdxl_base_refiner", "denoise", "no place for denoise"),
    ],
)
def test_a_role_without_a_place_is_refused_with_reason_and_choices(name, role, says):
    with pytest.raises(WorkflowError) as caught:
        patch(corpus(name), {role: "x" if role == "negative" else 1})
    assert caught.value.code == "workflow-role"
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("role", "value", "says"),
    [
        ("seed", -1, "whole number from 0"),
        ("seed", LARGEST_SEED + 1, "whole number"),
        ("seed", True, "not True"),
        ("steps", 2.5, "whole number from 1"),
        ("cfg", math.nan, "a number from 0"),
        ("cfg", "7", "a number"),
        ("denoise", 1.5, "from 0 to 1"),
        ("sampler", "", "text"),
        ("prompt", None, "text"),
        ("prompt", 5, "text"),
    ],
)
def test_a_value_that_fits_no_host_is_refused(role, value, says):
    with pytest.raises(WorkflowError, match=says) as caught:
        patch(corpus("sd15_txt2img"), {role: value})
    assert caught.value.code == "workflow-value"


def test_the_text_encoders_of_a_set_are_patched_together():
    graph = corpus("flux_custom_advanced")
    assert read_back(patch(graph, {"clip": ["a", "b"]})).clip == ("a", "b")
    assert read_back(patch(corpus("from_subgraph"), {"clip": "only"})).clip == ("only",)
    with pytest.raises(WorkflowError, match="needs 2 file names"):
        patch(graph, {"clip": "a"})
    with pytest.raises(WorkflowError, match="file names"):
        patch(graph, {"clip": ["a", 3]})


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("positive", Role.PROMPT),
        ("negative-prompt", Role.NEGATIVE),
        ("sampler_name", Role.SAMPLER),
        ("ckpt_name", Role.CHECKPOINT),
        ("cfg", Role.CFG),
    ],
)
def test_roles_have_other_spellings(name, role):
    assert role_named(name) is role


def test_an_unknown_role_is_named_with_the_nearest():
    with pytest.raises(WorkflowError, match="did you mean 'denoise'"):
        role_named("denoize")
    with pytest.raises(WorkflowError, match="there are prompt, negative"):
        role_named("zzzzzz")


def test_bindings_win_over_what_the_walk_finds():
    graph = corpus("regional_prompts")
    bindings = read_bindings({"prompt": "3.text", "seed": ["10.seed"]}, graph)
    patched = patch(graph, {"prompt": "a shed"}, bindings)
    assert patched.value(Place("3", "text")) == "a shed"
    assert patched.value(Place("2", "text")) == "a wide valley"
    assert read_back(patched, bindings).prompt == "a shed"


def test_every_mistake_in_a_bindings_table_is_said_at_once():
    table = {
        "prompts": "3.text",
        "seed": "10",
        "cfg": 5,
        "steps": "1O.steps",
        "height": "100.height",
        "vae": "zzz.vae",
        "denoise": ["10.denoised"],
    }
    with pytest.raises(WorkflowError) as caught:
        read_bindings(table, corpus("regional_prompts"), where="AIGen.yaml")
    said = caught.value.message
    for part in (
        "'prompts'",
        "'10' is not of the form",
        "5 is not of the form",
        "there is no node '1O'",
        "no node '100'; is it '10'",
        "no node 'zzz'",
        "no input 'denoised'; it has model",
    ):
        assert part in said
    assert caught.value.where == "AIGen.yaml"


def test_later_layers_win_and_none_means_not_given():
    preset = {"steps": 8, "cfg": 2.0, "sampler_name": "lcm"}
    assert layered(preset, {"cfg": 4.0, "steps": None}) == {
        Role.STEPS: 8,
        Role.CFG: 4.0,
        Role.SAMPLER: "lcm",
    }


def test_a_preset_with_a_wrong_value_is_refused():
    with pytest.raises(WorkflowError, match="steps must be"):
        layered({"steps": 0})
