import pytest

from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.readback import read_back
from tests.fakes.workflows import GRAPHS, corpus, document, graph_of, node

READ = {
    "sd15_txt2img": {
        "prompt": "a lighthouse at dusk",
        "negative_prompt": "blurry, low quality",
        "seed": 1234,
        "steps": 20,
        "cfg": 7.5,
        "sampler": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
        "width": 512,
        "height": 768,
        "batch": 2,
        "checkpoint": "sd15/base-v1.safetensors",
        "vae": None,
        "clip": (),
        "guidance": None,
        "filename_prefix": "lighthouse",
        "unparsed": (),
        "settings": {},
        "loras": (),
        "further_texts": {},
    },
    "sd15_img2img": {
        "image": "room.png",
        "denoise": 0.55,
        "vae": "vae-ft-mse.safetensors",
        "width": 640,
        "batch": 3,
        "negative_prompt": "",
        "settings": {
            "11.upscale_method": "lanczos",
            "11.crop": "center",
            "13.stop_at_clip_layer": -2,
        },
    },
    "flux_custom_advanced": {
        "seed": 219670278747233,
        "steps": 20,
        "cfg": None,
        "guidance": 3.5,
        "sampler": "euler",
        "scheduler": "simple",
        "width": 1024,
        "height": 768,
        "checkpoint": "flux1-dev.safetensors",
        "clip": ("t5xxl_fp16.safetensors", "clip_l.safetensors"),
        "vae": "ae.safetensors",
        "negative_prompt": None,
        "unparsed": (),
    },
    "reroutes_primitives": {
        "prompt": "a tram in the rain",
        "seed": 99,
        "cfg": 5.5,
        "width": 640,
        "height": 640,
    },
    "split_sigmas": {"seed": 31, "steps": 30, "sampler": "dpmpp_2m", "scheduler": None},
    "regional_prompts": {
        "prompt": "a wide valley",
        "further_texts": {"3.text": "a red barn", "5.text": "a windmill"},
    },
    "inpaint": {"image": "house.png", "mask": "door_mask.png"},
}


@pytest.mark.parametrize("name", READ)
def test_the_parameters_are_read_back(name):
    read = read_back(corpus(name))
    assert {field: getattr(read, field) for field in READ[name]} == READ[name]


@pytest.mark.parametrize(
    ("name", "loras"),
    [
        (
            "lora_chain",
            [
                ("style/ink.safetensors", 0.8, 0.7),
                ("detail.safetensors", 0.4, 0.4),
                ("lcm.safetensors", 1.0, None),
            ],
        ),
        ("flux_model_only_lora", [("flux/pencil.safetensors", 0.9, None)]),
        (
            "community_loaders",
            [("flux/film.safetensors", 0.65, None), ("stack/a.safetensors", 0.3, 0.2)],
        ),
    ],
)
def test_loras_are_read_in_the_order_they_are_applied(name, loras):
    uses = read_back(corpus(name)).loras
    assert [(use.name, use.strength, use.strength_clip) for use in uses] == loras


def test_every_stage_is_read_with_its_own_values():
    stages = read_back(corpus("hires_second_pass")).stages
    assert [(s.node, s.seed, s.steps, s.cfg, s.denoise) for s in stages] == [
        ("5", 5, 12, 7.5, 1.0),
        ("7", 6, 14, 8.0, 0.5),
    ]
    silent = read_back(corpus("split_sigmas")).stages[1]
    assert (silent.seed, silent.cfg, silent.scheduler) == (None, 5.0, None)


def test_nodes_that_are_not_understood_are_kept_with_what_they_hold():
    read = read_back(corpus("community_loaders"))
    kept = {one.node: (one.class_type, one.inputs, one.reason) for one in read.unparsed}
    assert kept["11"] == ("KSampler //Custom", {"extra_noise": 0.1}, "not understood")
    assert kept["4"][1]["lora_name_2"] == "stack/b.safetensors"
    assert read.settings["14.extension"] == "png"


def test_nodes_beside_the_picture_are_kept_with_the_reason():
    read = read_back(corpus("several_outputs"))
    reasons = {one.node: one.reason for one in read.unparsed}
    assert reasons["x"] == "not upstream of the saved image"


@pytest.mark.parametrize("name", GRAPHS)
def test_every_value_of_every_graph_is_somewhere_in_the_record(name):
    read = read_back(corpus(name))
    text = repr(read)
    for one in corpus(name).nodes.values():
        for value in one.inputs.values():
            if isinstance(value, str) and value not in ("", "Off", "On"):
                assert value in text, f"{name}: {value!r} of node {one.id} is lost"


def test_a_node_of_unknown_class_without_values_is_kept_too():
    graph = graph_of(
        a=node("LoadImage", image="a.png"),
        b=node("Mystery", image=["a", 0]),
        c=node("SaveImage", images=["b", 0], filename_prefix="x"),
    )
    assert [(one.node, one.inputs) for one in read_back(graph).unparsed] == [("b", {})]


@pytest.mark.parametrize(
    "holder",
    [
        node("Two Values", a=1, b=2),
        node("Passing", value=["x", 0], more=1),
        node("Empty"),
    ],
)
def test_a_value_that_something_computes_is_not_guessed(holder):
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["seed"] = ["v", 0]
    data["v"] = holder
    assert read_back(read_graph(data)).seed is None


def test_values_that_chase_each_other_are_not_guessed():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["seed"] = ["v", 0]
    data["v"] = node("Echo", value=["w", 0])
    data["w"] = node("Echo", value=["v", 0])
    assert read_back(read_graph(data)).seed is None


def test_a_value_from_another_output_than_the_first_is_not_guessed():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"]["seed"] = ["v", 1]
    data["v"] = node("PrimitiveInt", value=5)
    assert read_back(read_graph(data)).seed is None


def test_a_value_of_the_wrong_kind_is_not_taken():
    data = document("api/sd15_txt2img")
    data["3"]["inputs"] |= {"seed": "random", "cfg": True, "steps": 2.5, "sampler_name": 4}
    read = read_back(read_graph(data))
    assert (read.seed, read.cfg, read.steps, read.sampler) == (None, None, None, None)


def test_a_lora_whose_name_is_computed_is_left_to_the_unparsed():
    data = document("api/lora_chain")
    data["2"]["inputs"]["lora_name"] = ["gone", 0]
    data["3"]["inputs"].pop("strength_model")
    read = read_back(read_graph(data))
    assert [(use.name, use.strength) for use in read.loras] == [
        ("detail.safetensors", 1.0),
        ("lcm.safetensors", 1.0),
    ]


def test_a_row_without_a_strength_acts_fully():
    data = document("api/community_loaders")
    data["3"]["inputs"]["lora_1"] = {"lora": "x.safetensors"}
    assert read_back(read_graph(data)).loras[0].strength == 1.0


def test_lora_stacks_behind_each_other_are_read_from_the_first():
    data = document("api/community_loaders")
    data["5b"] = node("CR LoRA Stack", lora_name_1="first.safetensors", model_weight_1=0.1)
    data["4"]["inputs"]["lora_stack"] = ["5b", 0]
    data["5b"]["inputs"]["lora_stack"] = ["4", 0]
    names = [use.name for use in read_back(read_graph(data)).loras]
    assert names == ["flux/film.safetensors", "first.safetensors", "stack/a.safetensors"]


def test_texts_of_both_sides_in_one_embedding_node_are_read():
    data = document("api/sd15_txt2img")
    data["t"] = node("WanVideoTextEncode", positive_prompt="yes", negative_prompt="no", t5=["4", 1])
    data["3"] = node(
        "WanVideoSampler", model=["4", 0], text_embeds=["t", 0], steps=4, seed=3, samples=["5", 0]
    )
    read = read_back(read_graph(data))
    assert (read.prompt, read.negative_prompt, read.seed) == ("yes", "no", 3)


def test_a_model_named_by_a_plain_text_is_the_checkpoint():
    data = document("api/sd15_txt2img")
    data["4"] = node("WanVideoModelLoader", model="wan.safetensors")
    assert read_back(read_graph(data)).checkpoint == "wan.safetensors"
