from dataclasses import replace

import numpy as np
import pytest

from darkroom.adapters.vision.drawing import draw
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.core.errors import DataError
from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.scene import Scene, SceneObject
from darkroom.engine.diffusion import (
    CHECKPOINTS,
    LORAS,
    NATIVE_SIZE,
    SAMPLERS,
    SCHEDULERS,
    SampleRequest,
    load_checkpoint,
    weights,
)

TEXT = "a large red circle on a white background"
FACTS = Facts("white", (ObjectFacts("red", "circle", "large"),), (), 1)
GREEN_SQUARE = Scene("white", (SceneObject("green", "square", "large", 0.5, 0.5, 0.28),))
BASE = load_checkpoint("shapeworld_base.onnx")


def asked(text=TEXT, **changes):
    usual = SampleRequest(
        positive=BASE.encode_text(text),
        negative=BASE.encode_text(""),
        latent=BASE.empty_latent(1),
        seed=7,
        steps=8,
        cfg=2.0,
        sampler="dpmpp_2m",
        scheduler="karras",
    )
    return replace(usual, **changes)


def picture(request, model=BASE):
    return (model.decode(model.sample(request))[0] * 255 + 0.5).astype(np.uint8)


def differs(first, second):
    return not np.array_equal(BASE.sample(first), BASE.sample(second))


def test_a_prompt_is_drawn_as_it_says():
    drawn = [picture(asked(steps=16, seed=seed)) for seed in range(4)]
    assert drawn[0].shape == (NATIVE_SIZE, NATIVE_SIZE, 3)
    assert sum(facts_met(measure(one), FACTS).all_met for one in drawn) >= 3


def test_the_same_request_gives_the_same_bytes():
    assert BASE.sample(asked()).tobytes() == BASE.sample(asked()).tobytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"steps": 9},
        {"cfg": 3.0},
        {"sampler": "euler"},
        {"scheduler": "normal"},
        {"negative": BASE.encode_text("white background")},
        {"positive": BASE.encode_text("a blue star")},
        {"end_step": 4},
        {"add_noise": False},
    ],
)
def test_every_setting_has_an_effect(changes):
    assert differs(asked(), asked(**changes))


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_sampler_and_scheduler_draws_the_prompt(sampler, scheduler):
    drawn = picture(asked(steps=10, sampler=sampler, scheduler=scheduler, seed=3))
    assert measure(drawn).background.word == "white"
    assert [item.colour.word for item in measure(drawn).objects][:1] == ["red"]


def test_little_denoise_keeps_the_picture_and_much_obeys_the_prompt():
    start = draw(GREEN_SQUARE, 200)[None].astype(np.float32) / 255
    latent = BASE.encode_image(start)
    kept = measure(picture(asked(latent=latent, denoise=0.15, steps=10)))
    redrawn = measure(picture(asked(latent=latent, denoise=1.0, steps=10)))
    assert [str(item) for item in kept.objects] == ["large green square"]
    assert redrawn.objects[0].colour.word == "red"


def test_two_advanced_halves_make_the_whole():
    whole = BASE.sample(asked(sampler="euler"))
    first = BASE.sample(asked(sampler="euler", end_step=4, return_with_leftover_noise=True))
    second = BASE.sample(asked(sampler="euler", latent=first, start_step=4, add_noise=False))
    assert second == pytest.approx(whole, abs=1e-5)


def test_no_denoise_gives_the_latent_back():
    latent = BASE.encode_image(np.random.default_rng(0).random((1, 32, 32, 3), np.float32))
    assert np.array_equal(BASE.sample(asked(latent=latent, denoise=0.0)), latent)


def test_the_first_of_a_batch_is_what_would_be_drawn_alone():
    alone = BASE.sample(asked(steps=4))
    batch = BASE.sample(asked(steps=4, latent=BASE.empty_latent(3)))
    assert batch.shape[0] == 3
    assert batch[0] == pytest.approx(alone[0], abs=1e-3)


def test_the_negative_prompt_pushes_away():
    wanted = asked("a large red circle", cfg=3.0)
    grounds = [
        measure(picture(replace(wanted, seed=seed, negative=BASE.encode_text(negative))))
        for negative in ("", "white background", "black background")
        for seed in range(3)
    ]
    words = [found.background.word for found in grounds]
    assert "white" not in words[3:6]
    assert "black" not in words[6:]


def test_a_listener_can_stop_the_work():
    def stop(step, total, seen):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        BASE.sample(asked(), stop)


def test_the_checkpoints_draw_differently():
    assert len(CHECKPOINTS) == 2
    small = load_checkpoint("shapeworld_small.onnx")
    assert not np.array_equal(small.sample(asked()), BASE.sample(asked()))


def test_a_style_acts_with_its_strength_and_leaves_the_base_alone():
    request = asked("a large yellow circle on a white background", steps=12)
    plain = picture(request)
    lines = [
        float((picture(request, BASE.with_lora(LORAS[0], strength)).max(-1) < 70).mean())
        for strength in (0.0, 1.0)
    ]
    without, with_style = lines
    assert without < 0.005
    assert with_style > 0.02
    assert np.array_equal(picture(request), plain)
    assert BASE.with_lora(LORAS[0], 0.0) is BASE


@pytest.mark.parametrize("load", [load_checkpoint, lambda name: BASE.with_lora(name, 1.0)])
def test_unknown_files_are_named(load):
    with pytest.raises(ValueError, match=r"sdxl\.safetensors"):
        load("sdxl.safetensors")


def test_a_style_does_not_fit_another_checkpoint():
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint("shapeworld_small.onnx").with_lora(LORAS[0], 1.0)


def test_a_damaged_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "SHA256SUMS").write_text("00  outline.npz\n")
    (tmp_path / "outline.npz").write_bytes(b"not what was shipped")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.setattr(weights, "_checksums", weights._checksums.__wrapped__)
    with pytest.raises(DataError) as damage:
        weights.checked_bytes("outline.npz")
    assert damage.value.code == "engine-weights-damaged"
