"""Nodes that make and change latents: the samplers, and the ways in and out.

The model draws at one size only; a latent of another size is refused when the
graph is checked, rather than ignored.
"""

from typing import Any

from darkroom.engine.diffusers import Array, Model, Sampling, Text
from darkroom.engine.nodes.definition import (
    Around,
    Call,
    Input,
    NodeType,
    Result,
    Values,
    choice,
    link,
    number,
)
from darkroom.engine.nodes.loading import is_lost
from darkroom.engine.pictures import within

_ON_OFF = ("enable", "disable")
_OFF_ON = ("disable", "enable")
_SEED_MAX = 2**64 - 1
_LAST_STEP = 10_000


class NothingUnderstoodError(ValueError):
    """A prompt asks for things this model has never seen."""


def _seed(name: str) -> Input:
    return number(name, "INT", default=0, min=0, max=_SEED_MAX, control_after_generate=True)


_STEPS = number("steps", "INT", default=20, min=1, max=_LAST_STEP)
_CFG = number("cfg", "FLOAT", default=8.0, min=0.0, max=100.0, step=0.1, round=0.01)
_SAMPLER = choice("sampler_name", lambda around: around.diffusion.samplers)
_SCHEDULER = choice("scheduler", lambda around: around.diffusion.schedulers)
_TEXTS = (link("positive", "CONDITIONING"), link("negative", "CONDITIONING"))
_LATENT = link("latent_image", "LATENT")


def _sample(call: Call) -> Result:
    values = call.values
    return _drawn(call, _sampling(values, values["seed"], denoise=values["denoise"]))


def _sample_window(call: Call) -> Result:
    values = call.values
    sampling = _sampling(
        values,
        values["noise_seed"],
        start_step=values["start_at_step"],
        end_step=min(values["end_at_step"], values["steps"]),
        add_noise=values["add_noise"] == "enable",
        return_with_leftover_noise=values["return_with_leftover_noise"] == "enable",
    )
    return _drawn(call, sampling)


def _sampling(values: Values, seed: int, **rest: Any) -> Sampling:
    return Sampling(
        positive=values["positive"],
        negative=values["negative"],
        latent=values["latent_image"],
        seed=seed,
        steps=values["steps"],
        cfg=values["cfg"],
        sampler=values["sampler_name"],
        scheduler=values["scheduler"],
        **rest,
    )


def _drawn(call: Call, sampling: Sampling) -> Result:
    _refuse_lost(sampling.positive)
    model: Model = call.values["model"]
    return Result((model.sample(call.around.diffusion.request(sampling), call.step),))


def _refuse_lost(positive: Text) -> None:
    """Never draw something else than was asked for and call it done."""
    if is_lost(positive):
        raise NothingUnderstoodError(
            f"nothing of the prompt {positive.text!r} is in this model's vocabulary: it draws"
            " coloured shapes, for example 'a large red circle above a small blue square'"
        )


def _empty(call: Call) -> Result:
    return Result((call.around.diffusion.empty_latent(call.values["batch_size"]),))


def _native_only(values: Values, around: Around) -> dict[str, str]:
    size = around.diffusion.native_size
    return {
        name: f"size not supported: this model draws at {size} x {size} only"
        for name in ("width", "height")
        if isinstance(values.get(name), int) and values[name] != size
    }


def _encode(call: Call) -> Result:
    vae: Model = call.values["vae"]
    return Result((vae.encode_image(call.values["pixels"]),))


def _decode(call: Call) -> Result:
    vae: Model = call.values["vae"]
    latent: Array = call.values["samples"]
    size = call.around.diffusion.native_size
    within(len(latent) * size * size, call.around.limits.pixels)
    return Result((vae.decode(latent),))


_SIDE: Values = {"min": 16, "max": 16384, "step": 8}

NODES = (
    NodeType(
        "KSampler",
        "KSampler",
        "model/sampling",
        (
            link("model", "MODEL"),
            _seed("seed"),
            _STEPS,
            _CFG,
            _SAMPLER,
            _SCHEDULER,
            *_TEXTS,
            _LATENT,
            number("denoise", "FLOAT", default=1.0, min=0.0, max=1.0, step=0.01),
        ),
        (("LATENT", "LATENT"),),
        _sample,
        "Draws a latent by removing noise step by step.",
    ),
    NodeType(
        "KSamplerAdvanced",
        "KSampler (Advanced)",
        "model/sampling",
        (
            link("model", "MODEL"),
            choice("add_noise", lambda _around: _ON_OFF),
            _seed("noise_seed"),
            _STEPS,
            _CFG,
            _SAMPLER,
            _SCHEDULER,
            *_TEXTS,
            _LATENT,
            number("start_at_step", "INT", default=0, min=0, max=_LAST_STEP),
            number("end_at_step", "INT", default=_LAST_STEP, min=0, max=_LAST_STEP),
            choice("return_with_leftover_noise", lambda _around: _OFF_ON),
        ),
        (("LATENT", "LATENT"),),
        _sample_window,
        "Draws a part of the steps.",
    ),
    NodeType(
        "EmptyLatentImage",
        "Empty Latent Image",
        "model/latent",
        (
            number("width", "INT", default=128, **_SIDE),
            number("height", "INT", default=128, **_SIDE),
            number("batch_size", "INT", default=1, min=1, max=4096),
        ),
        (("LATENT", "LATENT"),),
        _empty,
        "Latents to start from nothing. The shape world has one size.",
        check=_native_only,
    ),
    NodeType(
        "VAEEncode",
        "VAE Encode",
        "model/latent",
        (link("pixels", "IMAGE"), link("vae", "VAE")),
        (("LATENT", "LATENT"),),
        _encode,
        "Latents of images of any size; they are brought to the model's size.",
    ),
    NodeType(
        "VAEDecode",
        "VAE Decode",
        "model/latent",
        (link("samples", "LATENT"), link("vae", "VAE")),
        (("IMAGE", "IMAGE"),),
        _decode,
        "Images of latents.",
    ),
)
