"""Graphs for the engine, and pictures to feed them."""

import io
from typing import Any

import numpy as np
from PIL import Image

Graph = dict[str, dict[str, Any]]


def picture(side: int = 64, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def plain(colour: int = 1, prefix: str = "triv", **changes: Any) -> Graph:
    """EmptyImage -> SaveImage."""
    size = {"width": 64, "height": 64, "batch_size": 1, "color": colour} | changes
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": prefix},
        },
    }


def drawing(text: str = "a red chair", negative: str = "", **sampler: Any) -> Graph:
    """Text to image at the native size of the model in the tests."""
    inputs: dict[str, Any] = {
        "seed": 1,
        "steps": 2,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
        "model": ["1", 0],
        "positive": ["9", 0],
        "negative": ["10", 0],
        "latent_image": ["5", 0],
    }
    return {
        "1": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "tiny_sd15_random.safetensors"},
        },
        "3": {"class_type": "KSampler", "inputs": inputs | sampler},
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1},
        },
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
        "7": {
            "class_type": "SaveImage",
            "inputs": {"images": ["6", 0], "filename_prefix": "drawn"},
        },
        "9": {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": ["1", 1]}},
        "10": {"class_type": "CLIPTextEncode", "inputs": {"text": negative, "clip": ["1", 1]}},
    }
