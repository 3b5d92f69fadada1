"""Complaints about graphs beyond those that were recorded."""

from typing import Any

import pytest

from tests.fakes.engine_graphs import drawing, plain
from tests.fakes.live_engine import LiveEngine


def _errors(engine: LiveEngine, graph: Any, node_id: str) -> list[str]:
    answer = engine.submit(graph)
    assert answer.status_code == 400, answer.text
    return [error["type"] for error in answer.json()["node_errors"][node_id]["errors"]]


def _scaling(node_id: str, source: str) -> dict[str, Any]:
    values = {"upscale_method": "area", "width": 8, "height": 8, "crop": "disabled"}
    return {node_id: {"class_type": "ImageScale", "inputs": values | {"image": [source, 0]}}}


def test_a_cycle_is_named_and_not_followed(shared: LiveEngine) -> None:
    graph = plain() | _scaling("3", "4") | _scaling("4", "3")
    graph["2"]["inputs"]["images"] = ["3", 0]
    answer = shared.submit(graph).json()
    (error,) = answer["node_errors"]["3"]["errors"]
    assert (error["type"], error["details"]) == ("dependency_cycle", "3 -> 4 -> 3")


def test_a_node_that_feeds_itself_is_a_cycle(shared: LiveEngine) -> None:
    graph = plain() | _scaling("3", "3")
    graph["2"]["inputs"]["images"] = ["3", 0]
    assert _errors(shared, graph, "3") == ["dependency_cycle"]


def test_a_long_chain_of_nodes_runs(shared: LiveEngine) -> None:
    graph = plain(width=8, height=8)
    for number in range(10, 600):
        graph |= _scaling(str(number), str(number - 1) if number > 10 else "1")
    graph["2"]["inputs"]["images"] = ["599", 0]
    prompt_id = shared.submit(graph).json()["prompt_id"]
    assert shared.history(prompt_id)["status"]["status_str"] == "success"


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        (["1"], "bad_linked_input"),
        ([], "bad_linked_input"),
        (["1", 0, 0], "bad_linked_input"),
        ("1", "invalid_input_type"),
        (["1", -1], "exception_during_validation"),
        (["1", "0"], "exception_during_validation"),
        (["9", 0], "exception_during_validation"),
        ([["1"], 0], "exception_during_validation"),
    ],
)
def test_a_link_that_is_none_is_refused(shared: LiveEngine, link: Any, kind: str) -> None:
    graph = plain()
    graph["2"]["inputs"]["images"] = link
    assert _errors(shared, graph, "2") == [kind]


@pytest.mark.parametrize("value", ["nan", "inf", {}, None])
def test_a_float_that_is_no_number_is_refused(shared: LiveEngine, value: object) -> None:
    assert _errors(shared, drawing(cfg=value), "3") == ["invalid_input_type"]


def test_every_mistake_of_a_node_is_told_at_once(shared: LiveEngine) -> None:
    found = _errors(shared, plain(width=0, height="x", color=2**30), "1")
    assert found == ["value_smaller_than_min", "invalid_input_type", "value_bigger_than_max"]


def test_a_list_under_an_unknown_name_is_no_link(shared: LiveEngine) -> None:
    graph = plain()
    graph["1"]["inputs"]["extra"] = ["nowhere", 0]
    prompt_id = shared.submit(graph).json()["prompt_id"]
    assert shared.history(prompt_id)["status"]["status_str"] == "success"


def test_a_graph_can_be_restricted_to_some_outputs(shared: LiveEngine) -> None:
    graph = plain()
    graph["3"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    answer = shared.submit(graph, partial_execution_targets=["3"]).json()
    assert list(shared.history(answer["prompt_id"])["outputs"]) == ["3"]
    nothing = shared.submit(graph, partial_execution_targets=["1"])
    assert nothing.json()["error"]["type"] == "prompt_no_outputs"


def test_two_bad_outputs_are_both_named_at_their_common_source(shared: LiveEngine) -> None:
    graph = plain(width=0)
    graph["3"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    answer = shared.submit(graph).json()
    assert answer["node_errors"]["1"]["dependent_outputs"] == ["2", "3"]


@pytest.mark.parametrize("node", [None, [], "x"])
def test_a_node_that_is_no_object_is_trouble(shared: LiveEngine, node: object) -> None:
    assert shared.submit({"1": node}).status_code == 500
    assert shared.submit({"1": {"class_type": "SaveImage", "inputs": node}}).status_code == 500


def test_the_servers_own_id_is_given_where_none_was_sent(shared: LiveEngine) -> None:
    answer = shared.submit(plain()).json()
    assert len(answer["prompt_id"]) == 36


def test_a_null_workflow_breaks_no_listing(shared: LiveEngine) -> None:
    """ComfyUI answers 500 to /api/jobs from then on."""
    sent = {"extra_pnginfo": {"workflow": None, "": 1, "ü": 2}}
    prompt_id = shared.submit(plain(), extra_data=sent).json()["prompt_id"]
    shared.history(prompt_id)
    assert shared.get("/api/jobs").status_code == 200
