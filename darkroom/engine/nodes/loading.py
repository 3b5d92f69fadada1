"""Nodes that bring models and words: checkpoint, styles, prompts.

A checkpoint is one object that stands for MODEL, CLIP and VAE alike.
"""

from darkroom.engine.diffusers import Model, Text
from darkroom.engine.nodes.definition import (
    Around,
    Call,
    Input,
    NodeType,
    Result,
    choice,
    link,
    number,
)

_LORAS = choice("lora_name", lambda around: around.diffusion.loras, tooltip="The style to add.")


def _strength(name: str) -> Input:
    return number(name, "FLOAT", default=1.0, min=-100.0, max=100.0, step=0.01)


def _load_checkpoint(call: Call) -> Result:
    model = call.around.diffusion.load(call.values["ckpt_name"])
    return Result((model, model, model))


def _checkpoints(around: Around) -> tuple[str, ...]:
    return tuple(around.diffusion.checkpoints)


def _encode(call: Call) -> Result:
    clip: Model = call.values["clip"]
    text = clip.encode_text(call.values["text"])
    tell_of_unknown_words(call, text)
    return Result((text,))


def is_lost(text: Text) -> bool:
    """Whether a prompt asks for something and none of it is known here."""
    return bool(text.text.strip()) and not text.understood


def tell_of_unknown_words(call: Call, text: Text) -> None:
    """Warn about every word that will have no effect."""
    if is_lost(text):
        call.warn(f"nothing of this prompt is known here: {text.text!r}", text.unknown_words)
    elif text.unknown_words:
        words = ", ".join(repr(word) for word in text.unknown_words)
        call.warn(f"these words have no effect: {words}", text.unknown_words)


def _add_style(call: Call) -> Result:
    model: Model = call.values["model"]
    styled = model.with_lora(call.values["lora_name"], call.values["strength_model"])
    return Result((styled, call.values["clip"]) if "clip" in call.values else (styled,))


NODES = (
    NodeType(
        "CheckpointLoaderSimple",
        "Load Checkpoint",
        "model/loaders",
        (choice("ckpt_name", _checkpoints, tooltip="The checkpoint to load."),),
        (("MODEL", "MODEL"), ("CLIP", "CLIP"), ("VAE", "VAE")),
        _load_checkpoint,
        "Loads a checkpoint of the shape world.",
    ),
    NodeType(
        "CLIPTextEncode",
        "CLIP Text Encode (Prompt)",
        "model/conditioning",
        (
            Input("text", "STRING", {"multiline": True, "dynamicPrompts": True}),
            link("clip", "CLIP", tooltip="What reads the text."),
        ),
        (("CONDITIONING", "CONDITIONING"),),
        _encode,
        "Reads a prompt. Words outside the shape world are named in a warning.",
    ),
    NodeType(
        "LoraLoader",
        "Load LoRA",
        "model/loaders",
        (
            link("model", "MODEL"),
            link("clip", "CLIP"),
            _LORAS,
            _strength("strength_model"),
            _strength("strength_clip"),
        ),
        (("MODEL", "MODEL"), ("CLIP", "CLIP")),
        _add_style,
        "Adds a style to a model. Styles here have no text part: strength_clip has no effect.",
    ),
    NodeType(
        "LoraLoaderModelOnly",
        "LoraLoaderModelOnly",
        "model/loaders",
        (link("model", "MODEL"), _LORAS, _strength("strength_model")),
        (("MODEL", "MODEL"),),
        _add_style,
        "Adds a style to a model.",
    ),
)
