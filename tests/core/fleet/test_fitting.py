"""Which servers can draw a graph: each is compared with what it says it has."""

import pytest

from darkroom.core.fleet.fitting import fitting, permitted
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.object_info import read_object_info
from tests.fakes.workflows import document
from tests.runs.run_scenes import workflow

MODEL = "sd15/base-v1.safetensors"


@pytest.fixture
def graph():
    written = workflow(over_an_image=False)
    written["1"]["inputs"]["ckpt_name"] = MODEL
    return read_graph(written)


def catalogue(*without):
    told = document("object_info")
    return read_object_info({name: entry for name, entry in told.items() if name not in without})


def test_every_server_that_has_everything_fits(graph):
    found = fitting(graph, {"a": catalogue(), "b": catalogue()})
    assert found.hosts == {"a", "b"}
    assert (found.lines, found.summary) == ((), "")


def test_each_mistake_names_its_server_and_the_others_fit(graph):
    found = fitting(graph, {"a": catalogue("VAEDecode"), "b": catalogue()})
    assert found.hosts == {"b"}
    assert [line.partition(" (")[0] for line in found.lines] == ["a: 8"]


def test_a_summary_gives_the_first_few_of_each_server(graph):
    lacks = ("VAEDecode", "KSampler", "SaveImage", "CLIPTextEncode")
    found = fitting(graph, {"a": catalogue(*lacks), "b": catalogue("VAEDecode")})
    assert not found.hosts
    assert len(found.wrong["a"]) > 3
    assert found.summary.count("a: ") == 3
    assert "more; b: 8" in found.summary


def test_warnings_name_their_server_and_exclude_nobody(graph):
    graph = read_graph({**graph.as_json(), "99": workflow(over_an_image=False)["1"]})
    found = fitting(graph, {"a": catalogue()})
    assert found.hosts == {"a"}
    assert found.warnings
    assert all(text.startswith("a: ") for text in found.warnings)


@pytest.mark.parametrize(
    ("models", "hosts"),
    [({}, {"a", "b"}), ({"a": ("flux/*",)}, {"b"}), ({"a": ("sd15/*",), "b": None}, {"a", "b"})],
)
def test_a_server_that_may_not_draw_the_model_does_not_fit(graph, models, hosts):
    found = permitted(fitting(graph, {"a": catalogue(), "b": catalogue()}), MODEL, models)
    assert found.hosts == hosts
    assert set(found.wrong) == {"a", "b"} - hosts
    assert all(MODEL in line for line in found.lines)
