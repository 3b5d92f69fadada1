import copy

import pytest

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.convert import convert
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.preflight import is_runnable, preflight
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.ui_format import UiInput, UiNode, read_ui
from darkroom.core.workflow.wires import bypass_input, connects
from tests.fakes.workflows import CONVERTED, document, host


@pytest.mark.parametrize("name", CONVERTED)
def test_the_converted_file_equals_the_expected_graph(name):
    data = document(f"ui/{name}")
    before = copy.deepcopy(data)
    assert convert(data, host()).graph == document(f"expected/{name}")
    assert data == before


@pytest.mark.parametrize("name", ["plain", "flux_modern", "everyday"])
def test_a_converted_file_passes_preflight_and_is_read_back(name):
    graph = read_graph(convert(document(f"ui/{name}"), host()).graph)
    assert read_back(graph).seed is not None
    errors = [f for f in preflight(graph, host()) if f.severity == "error"]
    assert is_runnable(errors) or [f.place for f in errors] == ["15.image2"]


def test_what_was_assumed_or_left_out_is_said():
    assert convert(document("ui/everyday"), host()).notes == (
        "Unknown Decoration (node 18) is unknown to the host and wired to nothing: left out",
    )
    assert convert(document("ui/flux_modern"), host()).notes == (
        "DualCLIPLoader (node 11): device was not saved; the default is taken",
    )
    odd = convert(document("ui/odd_widgets"), host()).notes
    assert "SaveImage (node 11): 1 saved values have no input and are left out" in odd


def test_everything_that_stands_in_the_way_is_said_at_once_with_titles():
    with pytest.raises(WorkflowError) as caught:
        convert(document("ui/refused"), host(), where="mine.json")
    said = caught.value.message
    for part in (
        "'Set_model' (SetNode, node 30) hands values on without wires",
        "GetNode (node 31)",
        "'My group' (workflow>two in one, node 32) is a group node",
        "'Lost subgraph'",
        "definition the file lacks",
        "'Typo' (KSamplr, node 34): the host has no such node class (did you mean 'KSampler'?)",
        "... and 1 more",
    ):
        assert part in said
    assert (caught.value.code, caught.value.where) == ("workflow-convert", "mine.json")


def _without(data: dict, *ids: int) -> dict:
    return data | {"nodes": [node for node in data["nodes"] if node["id"] not in ids]}


def test_a_value_that_cannot_be_its_inputs_is_refused():
    data = _without(document("ui/refused"), 30, 31, 32, 33, 34)
    with pytest.raises(WorkflowError) as caught:
        convert(data, host())
    assert caught.value.message == (
        "EmptyLatentImage (node 35): the saved value 'wide' cannot be width"
    )


def test_an_unknown_class_that_nothing_resembles_is_refused_without_a_guess():
    data = _without(document("ui/refused"), 30, 31, 32, 33, 35)
    next(n for n in data["nodes"] if n["id"] == 34)["type"] = "Zzzz"
    with pytest.raises(WorkflowError, match=r"'Typo' \(Zzzz, node 34\): the host has no such node"):
        convert(data, host())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"1": {"class_type": "A", "inputs": {}}}, "workflow-shape"),
        ([], "workflow-shape"),
        ({"nodes": []}, "workflow-convert"),
        ({"nodes": [{"id": 1, "type": "Note"}]}, "workflow-convert"),
    ],
)
def test_what_is_not_a_file_of_the_editor_is_refused(data, code):
    with pytest.raises(WorkflowError) as caught:
        convert(data, host())
    assert caught.value.code == code


def test_a_subgraph_that_contains_itself_is_refused():
    with pytest.raises(WorkflowError, match=r"'Again' .* contains itself"):
        convert(document("ui/contains_itself"), host())


def test_subgraphs_that_multiply_without_end_are_refused():
    levels = [
        {"id": f"s{level}", "nodes": [{"id": i, "type": f"s{level + 1}"} for i in range(12)]}
        for level in range(4)
    ]
    data = {"nodes": [{"id": 1, "type": "s0"}], "definitions": {"subgraphs": levels}}
    with pytest.raises(WorkflowError, match="more than 1000 subgraphs"):
        convert(data, host())


def _chain(*nodes: dict, links: list) -> dict:
    save = {
        "id": 9,
        "type": "SaveImage",
        "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
        "widgets_values": ["x"],
    }
    return {"nodes": [save, *nodes], "links": links}


def _images(data: dict) -> object:
    return convert(data, host()).graph["9"]["inputs"].get("images")


def _reroute(key: int, link: int | None) -> dict:
    return {
        "id": key,
        "type": "Reroute",
        "inputs": [{"name": "", "type": "*", "link": link}],
        "outputs": [{"name": "", "type": "*", "links": [1]}],
    }


def test_a_circle_of_reroutes_is_refused():
    links = [[1, 1, 0, 9, 0, "*"], [2, 1, 0, 1, 0, "*"]]
    with pytest.raises(WorkflowError, match="the wire into 'images' runs in a circle"):
        convert(_chain(_reroute(1, 2), links=links), host())


@pytest.mark.parametrize(
    ("nodes", "links"),
    [
        ([_reroute(1, None)], [[1, 1, 0, 9, 0, "*"]]),
        ([{"id": 1, "type": "Reroute"}], [[1, 1, 0, 9, 0, "*"]]),
        ([], [[1, 1, 0, 9, 0, "*"]]),
        ([{"id": 1, "type": "Note"}], [[1, 1, 0, 9, 0, "*"]]),
        ([{"id": 1, "type": "LoadImage", "mode": 2}], [[1, 1, 0, 9, 0, "*"]]),
        ([{"id": 1, "type": "LoadImage", "mode": 4}], [[1, 1, 0, 9, 0, "*"]]),
        ([{"id": 1, "type": "PrimitiveNode"}], [[1, 1, 0, 9, 0, "*"]]),
        ([], []),
        ([], {"1": None, "2": [1, 2]}),
    ],
)
def test_a_wire_that_leads_nowhere_leaves_its_input_out(nodes, links):
    assert _images(_chain(*nodes, links=links)) is None


def test_a_broken_wire_is_mentioned():
    notes = convert(_chain(links=[]), host()).notes
    assert notes == ("SaveImage (node 9): the wire into images is broken in the file",)


def test_a_primitive_of_several_values_is_handed_on_wrapped():
    primitive = {"id": 1, "type": "PrimitiveNode", "widgets_values": [["a", "b"]]}
    assert _images(_chain(primitive, links=[[1, 1, 0, 9, 0, "*"]])) == {"__value__": ["a", "b"]}


def test_an_output_of_a_subgraph_that_nothing_feeds_feeds_nothing():
    data = _chain({"id": 1, "type": "sub"}, links=[[1, 1, 0, 9, 0, "*"]])
    data["definitions"] = {"subgraphs": [{"id": "sub", "nodes": []}]}
    assert _images(data) is None


def test_the_slots_of_a_subgraph_may_be_fewer_than_its_wires_say():
    inner = {"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "link": 1}]}
    wire = {"id": 1, "origin_id": -10, "origin_slot": 4, "target_id": 3, "target_slot": 0}
    data = {
        "nodes": [
            {
                "id": 1,
                "type": "sub",
                "properties": {"proxyWidgets": [["3", "images"], ["3"], "x"]},
                "widgets_values": ["v"],
            }
        ],
        "definitions": {
            "subgraphs": [{"id": "sub", "nodes": [inner], "links": [wire], "inputs": []}]
        },
    }
    assert convert(data, host()).graph["1:3"]["inputs"] == {}


def _node(inputs: list[tuple[str, str]], outputs: list[str]) -> UiNode:
    slots = tuple(UiInput(name, kind, None, "") for name, kind in inputs)
    return UiNode("1", "X", "", 4, slots, tuple(outputs), False, None, ())


@pytest.mark.parametrize(
    ("inputs", "outputs", "slot", "kind", "passed"),
    [
        ([("a", "MODEL"), ("b", "CLIP")], ["MODEL", "CLIP"], 1, "CLIP", "b"),
        ([("a", "CLIP"), ("b", "MODEL")], ["MODEL"], 0, "MODEL", "b"),
        ([("a", "IMAGE,MASK"), ("b", "INT")], ["INT", "MASK"], 1, "MASK", "a"),
        ([("a", "MODEL")], ["MODEL", "CLIP"], 1, "CLIP", None),
        ([("a", "MODEL"), ("b", "VAE")], ["X", "Y"], 1, "*", "b"),
        ([("a", "MODEL")], ["X", "Y"], 1, "*", "a"),
        ([("a", "MODEL")], [], 3, "MODEL", "a"),
        ([], ["MODEL"], 0, "MODEL", None),
    ],
)
def test_a_bypassed_node_hands_on_the_input_of_the_same_type(inputs, outputs, slot, kind, passed):
    found = bypass_input(_node(inputs, outputs), slot, kind)
    assert (found.name if found else None) == passed


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [("IMAGE", "IMAGE", True), ("image,MASK", "mask", True), ("*", "X", True), ("A", "B", False)],
)
def test_types_connect_as_in_the_editor(one, other, fits):
    assert connects(one, other) is fits


def test_odd_slots_are_read_as_wildcards_or_choices():
    slots = [{"name": "a", "type": 0}, {"name": "b", "type": ["x", "y"]}, "broken"]
    node = read_ui({"nodes": [{"id": 1, "type": "X", "inputs": slots, "mode": 0}, "broken"]})
    assert [slot.kind for slot in node.root.nodes["1"].inputs] == ["*", "COMBO", "*"]


def test_a_promoted_widget_reaches_through_two_subgraphs_by_its_own_name():
    saved = {"id": 3, "type": "SaveImage", "widgets_values": ["inner"]}
    inner = {
        "id": 2,
        "type": "in",
        "properties": {"proxyWidgets": [["3", "other"], ["3", "filename_prefix"]]},
    }
    outer = {
        "id": 1,
        "type": "out",
        "properties": {"proxyWidgets": [["2", "filename_prefix"]]},
        "widgets_values": ["outer"],
    }
    definitions = [{"id": "out", "nodes": [inner]}, {"id": "in", "nodes": [saved]}]
    data = {"nodes": [outer], "definitions": {"subgraphs": definitions}}
    assert convert(data, host()).graph["1:2:3"]["inputs"] == {"filename_prefix": "outer"}
