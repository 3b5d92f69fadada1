import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.graph import Place, read_graph
from darkroom.core.workflow.loras import (
    Lora,
    add_loras,
    read_lora,
    remove_loras,
    replace_loras,
    set_strength,
)
from darkroom.core.workflow.readback import read_back
from tests.fakes.workflows import GRAPHS, corpus, document, graph_of, node

_NEW = Lora("new.safetensors", 0.5)


def _names(graph):
    return [use.name for use in read_back(graph).loras]


def test_a_lora_goes_behind_the_loader_and_feeds_all_that_the_loader_fed():
    graph = add_loras(corpus("sd15_txt2img"), [_NEW])
    assert graph.as_json()["10"] == {
        "class_type": "LoraLoader",
        "inputs": {
            "lora_name": "new.safetensors",
            "strength_model": 0.5,
            "strength_clip": 0.5,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
    }
    assert graph.value(Place("3", "model")) == ["10", 0]
    assert graph.value(Place("6", "clip")) == graph.value(Place("7", "clip")) == ["10", 1]
    assert graph.value(Place("8", "vae")) == ["4", 2]


def test_several_loras_follow_in_the_given_order():
    graph = add_loras(corpus("sd15_txt2img"), [_NEW, Lora("b", 0.2, 0.1)])
    uses = [(use.name, use.strength, use.strength_clip) for use in read_back(graph).loras]
    assert uses == [("new.safetensors", 0.5, 0.5), ("b", 0.2, 0.1)]


def test_a_lora_goes_behind_the_last_one_there_is():
    graph = add_loras(corpus("lora_chain"), [_NEW])
    assert _names(graph)[-1] == "new.safetensors"
    assert graph.nodes["11"].class_type == "LoraLoaderModelOnly"
    assert graph.value(Place("8", "model")) == ["11", 0]
    assert graph.value(Place("5", "clip")) == ["3", 1]


def test_a_model_with_a_loader_of_its_own_gets_a_lora_on_the_model_only():
    graph = add_loras(corpus("flux_custom_advanced"), [_NEW])
    assert graph.nodes["36"].class_type == "LoraLoaderModelOnly"
    assert graph.value(Place("30", "model")) == ["36", 0]
    assert graph.value(Place("6", "clip")) == ["11", 0]


def test_a_clip_strength_without_a_shared_text_encoder_is_refused():
    with pytest.raises(WorkflowError, match="cannot act on a text encoder"):
        add_loras(corpus("flux_custom_advanced"), [Lora("x", 1.0, 0.5)])


def test_reroutes_behind_the_loader_are_kept():
    graph = add_loras(corpus("reroutes_primitives"), [_NEW])
    assert graph.value(Place("2", "")) == ["25", 0]
    assert graph.value(Place("7", "model")) == ["3", 0]


def test_ids_of_new_nodes_collide_with_none():
    assert "76" in add_loras(corpus("from_subgraph"), [_NEW]).nodes
    assert "1" in add_loras(corpus("several_outputs"), [_NEW]).nodes


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(GRAPHS),
    names=st.lists(st.sampled_from(["a", "b", "c/d"]), min_size=1, max_size=3, unique=True),
)
def test_taking_out_what_was_put_in_gives_the_same_graph(name, names):
    graph = corpus(name)
    before = graph.as_json()
    grown = add_loras(graph, [Lora(one, 0.5) for one in names])
    assert _names(grown)[-len(names) :] == names
    assert remove_loras(grown, names).as_json() == before == graph.as_json()


def test_all_loras_are_replaced():
    graph = replace_loras(corpus("lora_chain"), [_NEW])
    assert _names(graph) == ["new.safetensors"]
    assert {"2", "3", "4"}.isdisjoint(graph.nodes)
    assert graph.value(Place("9", "vae")) == ["1", 2]


def test_rows_and_stacks_are_switched_off_instead_of_taken_out():
    graph = remove_loras(corpus("community_loaders"))
    assert _names(graph) == []
    assert graph.value(Place("3", "lora_1")) == {
        "on": False,
        "lora": "flux/film.safetensors",
        "strength": 0.65,
    }
    assert graph.value(Place("4", "lora_name_1")) == "None"


def test_a_lora_whose_own_input_leads_nowhere_leaves_its_consumers_unfed():
    data = document("api/lora_chain")
    del data["2"]["inputs"]["clip"]
    graph = remove_loras(read_graph(data), ["style/ink.safetensors"])
    assert "clip" not in graph.nodes["3"].inputs
    assert graph.value(Place("3", "model")) == ["1", 0]


@pytest.mark.parametrize(
    ("name", "lora", "read"),
    [
        ("lora_chain", Lora("detail.safetensors", 0.1), (0.1, 0.1)),
        ("lora_chain", Lora("detail.safetensors", 0.1, 0.2), (0.1, 0.2)),
        ("flux_model_only_lora", Lora("flux/pencil.safetensors", 0.3), (0.3, None)),
        ("community_loaders", Lora("flux/film.safetensors", 0.2), (0.2, None)),
        ("community_loaders", Lora("stack/a.safetensors", 0.9, 0.8), (0.9, 0.8)),
    ],
)
def test_the_strength_of_a_lora_is_changed(name, lora, read):
    uses = read_back(set_strength(corpus(name), lora)).loras
    found = next(use for use in uses if use.name == lora.name)
    assert (found.strength, found.strength_clip) == read


def test_a_strength_that_is_not_understood_is_refused():
    data = document("api/lora_chain")
    data["2"]["inputs"].pop("strength_model")
    data["2"]["inputs"].pop("strength_clip")
    with pytest.raises(WorkflowError, match="no strength that is understood"):
        set_strength(read_graph(data), Lora("style/ink.safetensors", 1.0))


@pytest.mark.parametrize(
    ("name", "says"),
    [("ink", "it has style/ink"), ("details.safetensors", "did you mean 'detail.safetensors'")],
)
def test_a_lora_that_is_not_there_is_named_with_what_is(name, says):
    with pytest.raises(WorkflowError, match=says):
        remove_loras(corpus("lora_chain"), [name])
    with pytest.raises(WorkflowError, match="it has none"):
        set_strength(corpus("sd15_txt2img"), Lora(name))


def test_a_graph_that_does_not_draw_takes_no_lora():
    graph = graph_of(a=node("LoadImage", image="x"), b=node("SaveImage", images=["a", 0]))
    with pytest.raises(WorkflowError, match="no sampler"):
        add_loras(graph, [_NEW])


def test_a_sampler_without_a_model_takes_no_lora():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["model"] = ["gone", 0]
    with pytest.raises(WorkflowError, match="loader of the model was not found"):
        add_loras(read_graph(data), [_NEW])


def test_a_graph_without_a_text_encoder_gets_a_lora_on_the_model_only():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["positive"] = ["gone", 0]
    assert add_loras(read_graph(data), [_NEW]).nodes["10"].class_type == "LoraLoaderModelOnly"


@pytest.mark.parametrize(
    ("argument", "lora"),
    [
        ("ink:0.8", Lora("ink", 0.8)),
        ("ink.safetensors", Lora("ink.safetensors", 1.0)),
        ("C:\\ink:0.5", Lora("C:\\ink", 0.5)),
        ("C:\\ink", Lora("C:\\ink", 1.0)),
        ("ink:-1", Lora("ink", -1.0)),
    ],
)
def test_a_lora_is_read_from_name_and_strength(argument, lora):
    assert read_lora(argument) == lora


@pytest.mark.parametrize("argument", [":0.5", "", "ink:1000", "ink:nan"])
def test_a_lora_without_name_or_with_a_wild_strength_is_refused(argument):
    with pytest.raises(WorkflowError) as caught:
        read_lora(argument)
    assert caught.value.code == "workflow-lora"
