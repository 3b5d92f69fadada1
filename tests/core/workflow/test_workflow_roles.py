import pytest

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.outputs import order_of
from darkroom.core.workflow.roles import Role, find_roles
from tests.fakes.workflows import corpus, document, graph_of, node

FOUND = {
    "sd15_txt2img": {
        "prompt": "6.text",
        "negative": "7.text",
        "seed": "3.seed",
        "width": "5.width",
        "height": "5.height",
        "batch": "5.batch_size",
        "checkpoint": "4.ckpt_name",
        "denoise": "3.denoise",
        "filename_prefix": "9.filename_prefix",
        "vae": "",
        "guidance": "",
        "image": "",
    },
    "sd15_img2img": {
        "image": "4.image",
        "width": "11.width",
        "height": "11.height",
        "batch": "15.amount",
        "vae": "12.vae_name",
        "negative": "10.text",
        "mask": "",
    },
    "sdxl_base_refiner": {
        "prompt": "11.text_g 11.text_l 21.text",
        "negative": "12.text_g 12.text_l 22.text",
        "seed": "14.noise_seed 24.noise_seed",
        "steps": "14.steps 24.steps",
        "checkpoint": "10.ckpt_name",
        "width": "13.width",
        "denoise": "",
    },
    "sd3_txt2img": {
        "prompt": "16.clip_l 16.clip_g 16.t5xxl",
        "negative": "",
        "clip": "11.clip_name1 11.clip_name2 11.clip_name3",
        "width": "53.width",
    },
    "flux_custom_advanced": {
        "prompt": "6.text",
        "negative": "",
        "seed": "25.noise_seed",
        "steps": "17.steps",
        "cfg": "",
        "guidance": "26.guidance",
        "sampler": "16.sampler_name",
        "scheduler": "17.scheduler",
        "denoise": "17.denoise",
        "width": "27.width",
        "checkpoint": "12.unet_name",
        "clip": "11.clip_name1 11.clip_name2",
        "vae": "10.vae_name",
    },
    "controlnet": {"prompt": "2.text", "negative": "3.text", "image": "4.image"},
    "inpaint": {"image": "4.image", "mask": "5.image", "width": "", "denoise": "9.denoise"},
    "inpaint_conditioning": {
        "image": "4.image",
        "mask": "",
        "prompt": "2.text",
        "negative": "3.text",
    },
    "hires_second_pass": {
        "seed": "5.seed 7.seed",
        "steps": "5.steps",
        "cfg": "5.cfg",
        "denoise": "7.denoise",
        "width": "4.width",
        "filename_prefix": "13.filename_prefix",
    },
    "flux_model_only_lora": {"guidance": "4.guidance", "prompt": "4.clip_l 4.t5xxl"},
    "several_outputs": {"filename_prefix": "", "prompt": "b.text"},
    "from_subgraph": {"prompt": "75:6.text", "seed": "75:3.seed", "width": "75:58.width"},
    "split_sigmas": {
        "seed": "8.noise_seed",
        "steps": "5.steps",
        "cfg": "8.cfg",
        "sampler": "7.sampler_name",
        "scheduler": "",
        "checkpoint": "1.ckpt_name",
    },
    "regional_prompts": {"prompt": "2.text", "negative": "8.text"},
    "community_loaders": {
        "checkpoint": "1.unet_name",
        "width": "9.width",
        "seed": "11.seed",
        "filename_prefix": "14.filename_prefix",
    },
}


@pytest.mark.parametrize("name", FOUND)
def test_roles_are_found_by_walking_upstream(name):
    places = find_roles(corpus(name)).places
    found = {role: " ".join(map(str, places.get(Role(role), ()))) for role in FOUND[name]}
    assert found == FOUND[name]


def test_renaming_every_node_changes_nothing_but_the_names():
    original = document("api/sdxl_base_refiner")
    new = {key: f"node-{900 - int(key)}" for key in original}
    renamed = {new[key]: _renamed(value, new) for key, value in reversed(original.items())}
    places = find_roles(read_graph(renamed)).places
    expected = find_roles(read_graph(original)).places
    back = {value: key for key, value in new.items()}
    assert {role: {(back[p.node], p.input) for p in found} for role, found in places.items()} == {
        role: {(p.node, p.input) for p in found} for role, found in expected.items()
    }


def _renamed(value: dict, new: dict[str, str]) -> dict:
    inputs = {
        name: [new[one[0]], one[1]] if isinstance(one, list) else one
        for name, one in value["inputs"].items()
    }
    return {**value, "inputs": inputs}


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("hires_second_pass", ("13", "9", "14")),
        ("several_outputs", ("w", "z", "y", "p")),
        ("sd15_txt2img", ("9",)),
    ],
)
def test_the_output_to_keep_is_chosen_by_rule_and_all_are_reported(name, outputs):
    found = find_roles(corpus(name)).outputs
    assert found[0] == outputs[0]
    assert set(found) == set(outputs)


def test_stages_are_listed_first_to_last():
    assert [stage.node for stage in find_roles(corpus("hires_second_pass")).stages] == ["5", "7"]
    stages = find_roles(corpus("sdxl_base_refiner")).stages
    assert [(stage.node, stage.continues) for stage in stages] == [("14", False), ("24", True)]


def test_texts_combined_with_the_prompt_are_reported_apart():
    roles = find_roles(corpus("regional_prompts"))
    assert [str(place) for place in roles.further_texts] == ["3.text", "5.text"]


@pytest.mark.parametrize(
    ("name", "role", "why"),
    [
        ("sd3_txt2img", Role.NEGATIVE, "node 67 silences"),
        ("inpaint", Role.WIDTH, "the size is that of the input image"),
    ],
)
def test_absent_roles_come_with_a_reason(name, role, why):
    assert why in find_roles(corpus(name)).absences[role]


def _drawing(**changes: dict) -> dict:
    nodes = {
        "m": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "p": node("CLIPTextEncode", text="yes", clip=["m", 1]),
        "l": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "k": node(
            "KSampler",
            model=["m", 0],
            positive=["p", 0],
            negative=["p", 0],
            latent_image=["l", 0],
            seed=1,
            steps=2,
            cfg=3.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "d": node("VAEDecode", samples=["k", 0], vae=["m", 2]),
        "s": node("SaveImage", images=["d", 0], filename_prefix="x"),
    }
    return nodes | changes


def test_one_text_for_both_sides_is_the_prompt_and_no_negative():
    roles = find_roles(read_graph(_drawing()))
    assert Role.NEGATIVE not in roles.places
    assert "same text" in roles.absences[Role.NEGATIVE]


def test_two_pictures_that_steer_give_no_input_image():
    extra = {
        "i": node("LoadImage", image="a.png"),
        "j": node("LoadImage", image="b.png"),
        "c": node("Hint", conditioning=["p", 0], one=["i", 0], two=["j", 0]),
    }
    nodes = _drawing(**extra)
    nodes["k"]["inputs"]["positive"] = ["c", 0]
    assert Role.IMAGE not in find_roles(read_graph(nodes)).places


def test_a_graph_without_a_sampler_still_has_its_image_and_prefix():
    graph = graph_of(
        i=node("LoadImage", image="a.png"),
        u=node("ImageScaleBy", image=["i", 0], scale_by=2.0, upscale_method="area"),
        s=node("SaveImage", images=["u", 0], filename_prefix="big"),
    )
    roles = find_roles(graph)
    assert set(roles.places) == {Role.IMAGE, Role.FILENAME_PREFIX}
    assert roles.absences[Role.SEED] == "no sampler is above the saved image"


def test_a_sampler_that_no_picture_passes_through_is_still_found():
    nodes = _drawing()
    nodes["d"] = node("OddDecode", model=["k", 0])
    nodes["s"] = node("SaveImage", images=["d", 0], filename_prefix="x")
    assert [stage.node for stage in find_roles(read_graph(nodes)).stages] == ["k"]


def test_a_stage_that_draws_over_conditioning_comes_second():
    nodes = _drawing()
    nodes["b"] = node("StableCascade_StageB_Conditioning", conditioning=["p", 0], stage_c=["k", 0])
    nodes["k2"] = node("KSampler", **nodes["k"]["inputs"] | {"positive": ["b", 0], "seed": 2})
    nodes["d"]["inputs"]["samples"] = ["k2", 0]
    assert [stage.node for stage in find_roles(read_graph(nodes)).stages] == ["k", "k2"]


def test_no_output_is_an_error():
    with pytest.raises(WorkflowError) as caught:
        find_roles(graph_of(a=node("VAEDecode", samples=["b", 0])))
    assert caught.value.code == "workflow-no-output"


def test_a_graph_that_feeds_itself_is_read_without_hanging():
    nodes = _drawing()
    nodes["l"]["inputs"]["width"] = ["d", 0]
    nodes["p"]["inputs"]["clip"] = ["r", 0]
    nodes["r"] = node("Reroute", a=["q", 0])
    nodes["q"] = node("Reroute", a=["r", 0])
    nodes["m"]["inputs"]["model"] = ["x", 0]
    nodes["x"] = node("FreeU", model=["m", 0])
    nodes["v"] = node("ConditioningCombine", conditioning_1=["v", 0], conditioning_2=["p", 0])
    nodes["k"]["inputs"]["positive"] = ["v", 0]
    places = find_roles(read_graph(nodes)).places
    assert [str(place) for place in places[Role.PROMPT]] == ["p.text"]


def test_dangling_links_are_walked_past():
    nodes = _drawing()
    for name in ("model", "positive", "negative", "latent_image"):
        nodes["k"]["inputs"][name] = ["gone", 0]
    nodes["k"]["inputs"]["sampler"] = ["gone", 0]
    places = find_roles(read_graph(nodes)).places
    assert Role.SEED in places
    assert Role.SAMPLER not in places
    assert Role.CHECKPOINT not in places


def test_a_two_thousand_node_graph_is_read():
    nodes = _drawing()
    last = "m"
    for index in range(2_000):
        nodes[f"f{index}"] = node("FreeU", model=[last, 0], b1=1.0)
        last = f"f{index}"
    nodes["k"]["inputs"]["model"] = [last, 0]
    places = find_roles(read_graph(nodes)).places
    assert [str(place) for place in places[Role.CHECKPOINT]] == ["m.ckpt_name"]


def test_ids_sort_as_people_count():
    assert sorted(["b", "10", "9", "5:3", "a"], key=order_of) == ["9", "10", "5:3", "a", "b"]


def test_crossed_wires_are_followed_as_they_run():
    nodes = _drawing(q=node("CLIPTextEncode", text="no", clip=["m", 1]))
    nodes["c"] = node("ControlNetApplyAdvanced", positive=["p", 0], negative=["q", 0], strength=1.0)
    nodes["k"]["inputs"] |= {"positive": ["c", 1], "negative": ["c", 0]}
    places = find_roles(read_graph(nodes)).places
    assert str(places[Role.PROMPT][0]) == "q.text"
    assert str(places[Role.NEGATIVE][0]) == "p.text"


def test_an_output_of_both_sides_beyond_the_second_keeps_its_side():
    nodes = _drawing(q=node("CLIPTextEncode", text="no", clip=["m", 1]))
    nodes["c"] = node("OddBoth", positive=["p", 0], negative=["q", 0])
    nodes["k"]["inputs"]["negative"] = ["c", 2]
    assert str(find_roles(read_graph(nodes)).places[Role.NEGATIVE][0]) == "q.text"


def test_a_loader_that_holds_both_texts_is_read_side_by_side():
    nodes = _drawing(p=node("Efficient Loader", positive="yes", negative="no", ckpt_name="a"))
    places = find_roles(read_graph(nodes)).places
    assert str(places[Role.PROMPT][0]) == "p.positive"
    assert str(places[Role.NEGATIVE][0]) == "p.negative"


def test_a_node_with_one_side_only_is_followed_on_that_side():
    nodes = _drawing(q=node("CLIPTextEncode", text="yes", clip=["m", 1]))
    nodes["p"] = node("OneSided", positive=["q", 0])
    assert str(find_roles(read_graph(nodes)).places[Role.PROMPT][0]) == "q.text"


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        (node("ComfySwitchNode", switch=True, on_true=["p", 0], on_false=["q", 0]), "p.text"),
        (node("ComfySwitchNode", switch=False, on_true=["p", 0], on_false=["q", 0]), "q.text"),
        (node("ComfySwitchNode", switch=["b", 0], on_true=["p", 0], on_false=["q", 0]), "q.text"),
        (node("ComfySwitchNode", switch=["gone", 0], on_true=["q", 0]), ""),
        (node("ImpactSwitch", select=2, input1=["p", 0], input2=["q", 0]), "q.text"),
        (node("ImpactSwitch", select=3, input1=["p", 0]), ""),
        (node("Any Switch (rgthree)", any_02=["q", 0], any_03=["p", 0]), "q.text"),
        (node("Any Switch (rgthree)"), ""),
        (node("Reroute", a=["p", 0], b=["q", 0]), ""),
    ],
)
def test_switches_are_followed_to_what_they_chose(switch, expected):
    nodes = _drawing(
        q=node("CLIPTextEncode", text="no", clip=["m", 1]),
        b=node("PrimitiveBoolean", value=False),
        w=switch,
    )
    nodes["k"]["inputs"]["positive"] = ["w", 0]
    places = find_roles(read_graph(nodes)).places.get(Role.PROMPT, ())
    assert " ".join(map(str, places)) == expected


def test_a_switch_on_the_way_of_the_picture_is_followed_too():
    nodes = _drawing(o=node("KSampler", model=["m", 0], seed=9, steps=1, sampler_name="euler"))
    nodes["w"] = node("ComfySwitchNode", switch=True, on_true=["k", 0], on_false=["o", 0])
    nodes["d"]["inputs"]["samples"] = ["w", 0]
    assert [stage.node for stage in find_roles(read_graph(nodes)).stages] == ["k"]
