"""Whatever a file holds, it is understood or refused: no other exception, and no hang."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.convert import convert
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.loras import Lora, add_loras, remove_loras
from darkroom.core.workflow.overview import overview
from darkroom.core.workflow.patch import patch
from darkroom.core.workflow.preflight import preflight
from tests.fakes.workflows import document, host

_IDS = [str(number) for number in range(8)]
_CLASSES = [*document("object_info"), "Reroute", "Any Switch (rgthree)", "ComfySwitchNode", "Odd"]
_INPUTS = sorted(
    {
        name
        for one in document("object_info").values()
        for group in one["input"].values()
        for name in group
    }
    | {"", "guider", "sigmas", "text_g", "switch", "on_true", "lora_stack", "stage_c"}
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
_LINKS = st.tuples(st.sampled_from(_IDS), st.integers(-1, 3)).map(list)
_NODES = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(_CLASSES),
        "inputs": st.dictionaries(st.sampled_from(_INPUTS), _LINKS | _LINKS | _JSON, max_size=8),
    }
)
_GRAPHS = st.dictionaries(st.sampled_from(_IDS), _NODES, min_size=1)


@settings(max_examples=60, deadline=None)
@given(_GRAPHS)
def test_any_graph_is_understood_or_refused(data):
    data["out"] = {"class_type": "SaveImage", "inputs": {"images": ["0", 0]}}
    graph = read_graph(data)
    seen = overview(graph)
    preflight(graph, host())
    for change in (
        lambda: patch(graph, {row.role: 5 for row in seen.roles if row.role in ("seed", "steps")}),
        lambda: add_loras(graph, [Lora("x")]),
        lambda: remove_loras(graph),
    ):
        with contextlib.suppress(WorkflowError):
            change()
    assert graph.as_json() == data


_SLOTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(_INPUTS),
            "type": st.sampled_from(["MODEL", "IMAGE", "*", "INT"]),
            "link": st.none() | st.integers(0, 9),
        },
        optional={"widget": st.fixed_dictionaries({"name": st.sampled_from(_INPUTS)})},
    ),
    max_size=4,
)
_UI_NODES = st.fixed_dictionaries(
    {
        "id": st.integers(0, 7),
        "type": st.sampled_from([*_CLASSES, "PrimitiveNode", "Note", "s0", "s1"]),
        "mode": st.sampled_from([0, 0, 0, 2, 4]),
        "inputs": _SLOTS,
        "outputs": st.lists(st.just({"name": "o", "type": "IMAGE", "links": [1]}), max_size=2),
        "widgets_values": _JSON,
        "properties": st.fixed_dictionaries({"proxyWidgets": _JSON}),
    }
)
_UI_LINKS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([-10, *range(8)]),
        st.integers(0, 3),
        st.sampled_from([-20, *range(8)]),
        st.integers(0, 3),
        st.just("IMAGE"),
    ).map(list)
    | _JSON,
    max_size=8,
)


def _ui_graph(key: str):
    return st.fixed_dictionaries(
        {
            "id": st.just(key),
            "nodes": st.lists(_UI_NODES, max_size=4),
            "links": _UI_LINKS | _JSON,
            "inputs": st.lists(st.sampled_from([{"name": "width"}, {"name": "seed"}, 5])),
        }
    )


@settings(max_examples=60, deadline=None)
@given(_ui_graph("root"), _ui_graph("s0"), _ui_graph("s1"))
def test_any_file_of_the_editor_is_converted_or_refused(root, first, second):
    root["definitions"] = {"subgraphs": [first, second]}
    with contextlib.suppress(WorkflowError):
        assert read_graph(convert(root, host()).graph)


@settings(max_examples=60, deadline=None)
@given(_JSON)
def test_any_json_is_a_graph_or_refused(data):
    with contextlib.suppress(WorkflowError):
        read_graph(data)
    with contextlib.suppress(WorkflowError):
        convert(data, host())
