import pytest

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.graph import Place, read_graph
from darkroom.core.workflow.settings import apply_settings, find_place, read_setting
from tests.fakes.workflows import corpus, document, node


def _set(name, *arguments):
    return apply_settings(corpus(name), [read_setting(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("argument", "place", "value"),
    [
        ("3.cfg=4", ("3", "cfg"), 4),
        ("3.cfg=4.5", ("3", "cfg"), 4.5),
        ("6.text=a = b", ("6", "text"), "a = b"),
        ("6.text=12", ("6", "text"), "12"),
        ("KSampler.steps=9", ("3", "steps"), 9),
        ("Keep it.filename_prefix=new", ("9", "filename_prefix"), "new"),
        ('3.positive=["7", 0]', ("3", "positive"), ["7", 0]),
    ],
)
def test_one_input_is_set_by_its_address(argument, place, value):
    assert _set("sd15_txt2img", argument).value(Place(*place)) == value


def test_inner_nodes_of_subgraphs_have_addresses():
    assert _set("from_subgraph", "75:3.steps=8").value(Place("75:3", "steps")) == 8


def test_a_link_that_carries_a_value_gives_way_to_a_value():
    graph = _set("reroutes_primitives", "7.seed=5", "7.cfg=2.5")
    assert graph.value(Place("7", "seed")) == 5
    assert graph.value(Place("7", "cfg")) == 2.5


def test_true_and_false_are_set_as_such():
    data = document("api/split_sigmas")
    graph = apply_settings(read_graph(data), [read_setting("8.add_noise=false")])
    assert graph.value(Place("8", "add_noise")) is False


def test_an_input_of_unknown_kind_takes_any_json():
    graph = read_graph({"1": node("X", rows={"a": 1}, empty=None)})
    changed = apply_settings(graph, [read_setting('1.rows={"a": 2}'), read_setting("1.empty=word")])
    assert changed.as_json()["1"]["inputs"] == {"rows": {"a": 2}, "empty": "word"}


def test_an_input_name_may_hold_dots():
    graph = read_graph({"1": node("Resize", **{"mode.width": 5})})
    assert find_place(graph, "1.mode.width") == Place("1", "mode.width")


@pytest.mark.parametrize(
    ("argument", "code", "says"),
    [
        ("3.cfg", "workflow-setting", "not of the form"),
        ("cfg=3", "workflow-setting", "not of the form"),
        ("99.cfg=3", "workflow-setting", "no node is called '99'"),
        ("KSamplr.cfg=3", "workflow-setting", "did you mean 'KSampler'"),
        ("3.cgf=3", "workflow-setting", "did you mean 'cfg'"),
        ("3.zzzzz=3", "workflow-setting", "it has model"),
        ("CLIPTextEncode.text=x", "workflow-setting", "several nodes: 6, 7"),
        ("3.model=7", "workflow-setting", "fed by a link"),
        ('3.model=["99", 0]', "workflow-setting", "fed by a link"),
        ("8.vae=7", "workflow-setting", "fed by a link"),
        ("3.cfg=high", "workflow-value", "must be a number"),
        ("3.cfg=true", "workflow-value", "must be a number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(argument, code, says):
    with pytest.raises(WorkflowError) as caught:
        _set("sd15_txt2img", argument)
    assert caught.value.code == code
    assert says in caught.value.message


def test_a_switch_takes_only_true_or_false():
    with pytest.raises(WorkflowError, match="true or false"):
        _set("split_sigmas", "8.add_noise=1")
