import math

import pytest

from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.link_checks import matches
from darkroom.core.workflow.object_info import read_object_info
from darkroom.core.workflow.preflight import is_runnable, preflight
from tests.fakes.workflows import corpus, document, graph_of, host, node


def _found(data: dict, **options):
    return preflight(read_graph(data), host(), **options)


def _changed(place: str, value: object, name: str = "sd15_txt2img") -> dict:
    data = document(f"api/{name}")
    key, _, field = place.partition(".")
    data[key]["inputs"][field] = value
    return data


@pytest.mark.parametrize(
    "name", ["sd15_txt2img", "flux_custom_advanced", "sd15_img2img", "lora_chain"]
)
def test_a_graph_that_the_host_can_run_has_no_errors(name):
    found = _found(document(f"api/{name}"))
    unknown = {f.class_type for f in found if f.code == "unknown-class"}
    assert unknown <= {"CLIPSetLastLayer", "RepeatLatentBatch"}
    assert [f for f in found if f.code != "unknown-class"] == []


@pytest.mark.parametrize(
    ("place", "value", "code", "says"),
    [
        ("4.ckpt_name", "sd15\\base-v1.safetensors", "not-in-list", "'sd15/base-v1.safetensors'"),
        ("4.ckpt_name", "base-v1.ckpt", "not-in-list", "did you mean 'sd15/base-v1.safetensors'"),
        ("4.ckpt_name", "Qqq", "not-in-list", "allowed: sd15/base-v1.safetensors, sd15/inpaint"),
        ("4.ckpt_name", 5, "not-in-list", "5 is not among the 5 values"),
        ("3.sampler_name", "Euler", "not-in-list", "did you mean 'euler'"),
        ("3.scheduler", "kaRRas", "not-in-list", "did you mean 'karras'"),
        ("3.seed", -1, "seed-not-drawn", "draw a seed"),
        ("3.seed", 2**64, "out-of-range", "outside 0..18446744073709551615"),
        ("3.steps", 0, "out-of-range", "0 is outside 1..10000"),
        ("3.steps", "many", "not-a-number", "a whole number, not 'many'"),
        ("3.steps", None, "not-a-number", "a whole number, not None"),
        ("3.cfg", math.nan, "not-a-number", "a number, not nan"),
        ("3.cfg", "high", "not-a-number", "a number"),
        ("3.denoise", 1.5, "out-of-range", "1.5 is outside 0..1"),
        ("3.model", "base", "link-expected", "takes a link of type MODEL"),
        ("3.model", ["nope", 0], "dangling-link", "node 'nope', which the graph does not have"),
        ("3.extra", ["nope", 0], "dangling-link", "node 'nope'"),
        (
            "3.model",
            ["4", 7],
            "bad-slot",
            "output 7 of node 4 (CheckpointLoaderSimple), which has 3",
        ),
        ("3.model", ["4", -1], "bad-slot", "output -1"),
        (
            "3.model",
            ["4", 1],
            "type-mismatch",
            "takes MODEL, but node 4 (CheckpointLoaderSimple) sends CLIP",
        ),
    ],
)
def test_what_the_host_would_refuse_is_an_error(place, value, code, says):
    found = [f for f in _found(_changed(place, value)) if f.severity == "error"]
    assert [(f.code, f.place) for f in found] == [(code, place)]
    assert says in str(found[0])
    assert not is_runnable(found)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("3.steps", "20"),
        ("3.steps", True),
        ("3.steps", 20.5),
        ("3.cfg", "7.5"),
        ("6.text", 5),
        ("3.seed", 2**64 - 1),
        ("4.ckpt_name", {"__value__": "sd15/base-v1.safetensors"}),
        ("9.upload", "image"),
    ],
)
def test_what_the_host_would_convert_or_ignore_rightly_is_fine(place, value):
    assert _found(_changed(place, value)) == ()


def test_a_misspelt_input_is_a_missing_one_and_a_warning():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["denoize"] = data["3"]["inputs"].pop("denoise")
    found = _found(data)
    assert [(f.severity, f.code, f.place) for f in found] == [
        ("error", "missing-input", "3.denoise"),
        ("warning", "unknown-input", "3.denoize"),
    ]
    assert found[0].message.endswith("a FLOAT")
    assert found[1].nearest == "denoise"


def test_a_missing_link_is_named_with_its_type():
    data = document("api/sd15_txt2img")
    del data["3"]["inputs"]["model"]
    assert "a link of type MODEL" in str(_found(data)[0])


def test_an_extra_input_of_a_complete_node_gets_the_nearest_of_all():
    found = _found(_changed("3.cfgs", 5))
    assert (found[0].code, found[0].nearest) == ("unknown-input", "cfg")


def test_an_unknown_class_is_named_with_the_nearest_once_per_node():
    data = document("api/sd15_txt2img")
    data["3"]["class_type"] = "Ksampler"
    data["x"] = node("Ksampler")
    found = [f for f in _found(data) if f.code == "unknown-class"]
    assert [(f.node, f.nearest, f.severity) for f in found] == [
        ("3", "KSampler", "error"),
        ("x", "KSampler", "error"),
    ]


def test_a_long_list_is_shown_in_part():
    data = document("object_info")
    data["KSampler"]["input"]["required"]["sampler_name"] = [[f"s{i}" for i in range(30)]]
    found = preflight(corpus("sd15_txt2img"), read_object_info(data))
    assert found[0].allowed == tuple(f"s{i}" for i in range(8))
    assert str(found[0]).endswith("allowed: s0, s1, s2, s3, s4, s5, s6, s7, ... and 22 more")


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([], "is not there: the host lists nothing that could be chosen here"),
        (["a.safetensors"], "is not the one value the host has"),
    ],
)
def test_a_host_with_hardly_a_model_is_said_so_in_words(models: list[str], said: str):
    data = document("object_info")
    data["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [models]
    found = preflight(corpus("sd15_txt2img"), read_object_info(data))
    assert said in str(found[0])


@pytest.mark.parametrize(
    ("image", "uploads", "found"),
    [
        ("room.png", [], []),
        ("room.png [input]", [], []),
        ("mine.png", ["mine.png"], []),
        ("mine.png", [], [("error", "file-missing")]),
        ("sub/mine.png", [], [("warning", "file-unchecked")]),
        ("mine.png [output]", [], [("warning", "file-unchecked")]),
        (5, [], [("error", "not-in-list")]),
    ],
)
def test_input_files_must_be_there_or_about_to_be_sent(image, uploads, found):
    data = {
        "1": node("LoadImage", image=image),
        "2": node("PreviewImage", images=["1", 0]),
    }
    assert [(f.severity, f.code) for f in _found(data, uploads=uploads)] == found


def test_a_missing_file_comes_with_the_nearest_that_is_there():
    data = {"1": node("LoadImage", image="rooms.png"), "2": node("PreviewImage", images=["1", 0])}
    assert _found(data)[0].nearest == "room.png"


def test_a_graph_without_an_output_is_refused():
    found = _found({"1": node("LoadImage", image="room.png")})
    assert [(f.severity, f.code, f.node) for f in found] == [
        ("error", "no-output", ""),
        ("warning", "not-run", "1"),
    ]
    assert str(found[0]).startswith("error: no node is an output")


def test_what_no_output_depends_on_is_only_warned_about():
    data = document("api/sd15_txt2img")
    data["x"] = node("EmptyLatentImage", width=1, height=64, batch_size=1)
    found = _found(data)
    assert [(f.severity, f.code) for f in found] == [
        ("warning", "out-of-range"),
        ("warning", "not-run"),
    ]


def test_a_circle_is_found_and_named():
    graph = graph_of(
        a=node(
            "ImageScale", image=["b", 0], upscale_method="lanczos", width=1, height=1, crop="center"
        ),
        b=node(
            "ImageScale", image=["a", 0], upscale_method="lanczos", width=1, height=1, crop="center"
        ),
        s=node("SaveImage", images=["a", 0], filename_prefix="x"),
    )
    found = preflight(graph, host())
    assert [f.code for f in found] == ["cycle"]
    assert "in a circle: a -> b -> a" in found[0].message


def test_choices_bring_their_own_inputs():
    nodes = {
        "i": node("LoadImage", image="room.png"),
        "r": node("ResizeByChoice", input=["i", 0], resize="to size", method="area"),
        "p": node("PreviewImage", images=["r", 0]),
    }
    nodes["r"]["inputs"]["resize.width"] = 0
    nodes["r"]["inputs"]["resize.anything"] = 1
    assert [(f.code, f.place) for f in _found(nodes)] == [
        ("missing-input", "r.resize.height"),
        ("out-of-range", "r.resize.width"),
    ]
    nodes["r"]["inputs"]["resize"] = "to sizes"
    assert _found(nodes)[0].nearest == "to size"


def test_open_types_are_not_judged():
    nodes = {
        "a": node(
            "AnyTypes",
            anything=5,
            number="6",
            tags=["x", "y"],
            late="whatever",
            odd={"x": 1},
            curve=[1, 2, 3],
        ),
        "l": node("Power Lora Loader (rgthree)", lora_1={"on": True, "lora": "x"}, note="y"),
        "e": node("EmptyLatentImage", width=["a", 1], height=["a", 0], batch_size=1),
        "p": node("PreviewImage", images=["x", 0]),
        "x": node("NotThere"),
        "v": node("VideoWriter", images=["x", 0], frame_rate=8, format="gif", row={"a": 1}),
    }
    codes = [(f.code, f.place) for f in _found(nodes) if f.code not in ("not-run", "unknown-class")]
    assert codes == [("link-expected", "a.curve")]


def test_each_of_several_choices_is_checked():
    nodes = {"a": node("AnyTypes", anything=1, number=1, tags={"__value__": ["x", "q"]}, late=1)}
    found = [f for f in _found(nodes) if f.code == "not-in-list"]
    assert [f.value for f in found] == ["q"]


def test_a_negative_seed_that_the_node_takes_is_a_warning():
    data = document("object_info")
    data["KSampler"]["input"]["required"]["seed"][1]["min"] = -5
    graph = read_graph(_changed("3.seed", -1))
    found = preflight(graph, read_object_info(data))
    assert [(f.severity, f.code) for f in found] == [("warning", "seed-not-drawn")]


def test_a_range_may_be_open_on_one_side():
    data = document("object_info")
    cfg = data["KSampler"]["input"]["required"]["cfg"][1]
    del cfg["max"]
    cfg["min"] = 0.5
    found = preflight(read_graph(_changed("3.cfg", 0.25)), read_object_info(data))
    assert found[0].allowed == ("0.5..",)


@pytest.mark.parametrize(
    ("sent", "wanted", "fits"),
    [
        ("IMAGE", "IMAGE", True),
        ("*", "IMAGE", True),
        ("INT", "INT,FLOAT", True),
        ("INT,FLOAT", "FLOAT, STRING", True),
        ("MODEL", "CLIP", False),
        ("STRING", "COMBO", True),
        ("MODEL", "COMBO", False),
        ("COMFY_MATCHTYPE_V3", "IMAGE", True),
        ("IMAGE", "COMFY_AUTOGROW_V3", True),
        ("A,*", "B", True),
    ],
)
def test_types_match_as_on_the_server(sent, wanted, fits):
    assert matches(sent, wanted) is fits


def test_a_two_thousand_node_graph_is_compared():
    data = document("api/sd15_txt2img")
    for index in range(2_000):
        data[f"x{index}"] = node("Mystery", image=[f"x{index - 1}", 0] if index else 1)
    found = _found(data)
    assert sum(1 for f in found if f.code == "unknown-class") == 2_000
