import pytest

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.graph import Link, Place, as_link, is_ui_format, read_graph
from tests.fakes.workflows import GRAPHS, corpus, document, graph_of, node


@pytest.mark.parametrize("name", GRAPHS)
def test_every_corpus_graph_has_the_right_shape(name):
    assert corpus(name).as_json() == document(f"api/{name}")


def test_a_whole_post_body_is_unwrapped():
    inner = document("api/sd15_txt2img")
    body = {"prompt": inner, "client_id": "x", "extra_data": {}}
    assert read_graph(body).as_json() == inner


def test_a_node_called_prompt_is_a_node():
    assert set(read_graph({"prompt": node("PreviewImage")}).nodes) == {"prompt"}


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        ([], "workflow-shape", "a list"),
        ("text", "workflow-shape", "str"),
        (None, "workflow-shape", "NoneType"),
        ({}, "workflow-shape", "no nodes"),
        ({"nodes": [], "links": []}, "workflow-ui-format", "editor"),
        ({"prompt": {"nodes": []}}, "workflow-ui-format", "editor"),
        ({"1": node("KSampler"), "version": 4}, "workflow-shape", "'version': is not a node"),
        ({"1": {"inputs": {}}}, "workflow-shape", "'1': has no class_type"),
        ({"1": {"class_type": 5, "inputs": {}}}, "workflow-shape", "no class_type"),
        ({"1": {"class_type": "A"}}, "workflow-shape", "has no inputs"),
        ({"1": {"class_type": "A", "inputs": []}}, "workflow-shape", "has no inputs"),
    ],
)
def test_a_wrong_shape_is_named_with_its_place(data, code, says):
    with pytest.raises(WorkflowError) as caught:
        read_graph(data, where="mine.json")
    assert caught.value.code == code
    assert says in caught.value.message
    assert caught.value.where == "mine.json"


def test_many_faults_are_shortened():
    with pytest.raises(WorkflowError, match=r"\.\.\. and 3 more"):
        read_graph({str(index): 0 for index in range(8)})


@pytest.mark.parametrize(
    ("value", "link"),
    [
        (["4", 1], Link("4", 1)),
        ([4, 1], None),
        (["4", "1"], None),
        (["4", True], None),
        (["4", 1, 2], None),
        ("4", None),
        (None, None),
    ],
)
def test_links_are_recognised_as_the_server_does(value, link):
    assert as_link(value) == link


def test_the_document_given_out_is_a_copy():
    graph = corpus("sd15_txt2img")
    graph.as_json()["3"]["inputs"]["seed"] = 0
    assert graph.value(Place("3", "seed")) == 1234


def test_an_absent_place_has_no_value():
    assert corpus("sd15_txt2img").value(Place("none", "seed")) is None


def test_consumers_are_known_for_every_output():
    graph = corpus("sd15_txt2img")
    assert {str(place) for place, _ in graph.consumers["4"]} == {
        "3.model",
        "6.clip",
        "7.clip",
        "8.vae",
    }


def test_a_node_is_named_with_its_title_where_that_says_more():
    graph = corpus("sd15_txt2img")
    assert graph.nodes["9"].label == "node 9 (SaveImage 'Keep it')"
    assert graph.nodes["3"].label == "node 3 (KSampler)"


def test_only_documents_with_nodes_are_the_editors():
    assert is_ui_format({"nodes": []})
    assert not is_ui_format({"1": node("KSampler")})
    assert not is_ui_format([])


def test_extra_keys_of_a_node_are_kept():
    data = {"1": node("LoadImage", image="a.png") | {"is_changed": ["x"], "_meta": {"title": "t"}}}
    assert read_graph(data).as_json() == data
    assert graph_of(a=node("X")).nodes["a"].title == ""
