"""Folders as other tools leave them, with as many images as asked for.

Every image differs by a few bytes, so that none is taken for another.
"""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PER_SESSION = 25
_MOODS, _POSES = ("happy", "sad", "angry"), ("sitting", "standing", "profile")


def _chunk(name: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(payload, zlib.crc32(name))
    return struct.pack(">I4s", len(payload), name) + payload + struct.pack(">I", checksum)


def png(number: int, texts: dict[str, str] | None = None, side: int = 16) -> bytes:
    """A small PNG of one colour, with texts."""
    row = b"\0" + struct.pack(">I", number)[1:] * side
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))]
    for keyword, text in (texts or {}).items():
        parts.append(_chunk(b"tEXt", keyword.encode() + b"\0" + text.encode("latin-1", "replace")))
    parts.append(_chunk(b"IDAT", zlib.compress(row * side, 1)))
    return b"".join([_SIGNATURE, *parts, _chunk(b"IEND", b"")])


def a1111_text(number: int) -> str:
    """What A1111 writes."""
    return (
        f"a castle by the sea, number {number}, <lora:detail:0.6>\n"
        "Negative prompt: blurry\n"
        f"Steps: {20 + number % 10}, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7,"
        f" Seed: {1000 + number}, Size: 16x16, Model hash: 0123abcd, Model: dream_v8"
    )


def comfy_graph(number: int) -> dict[str, object]:
    """A text-to-image graph in API form."""
    return {
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "seed": number,
                "steps": 20,
                "cfg": 6.5,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
                "model": ["4", 0],
                "positive": ["6", 0],
                "negative": ["7", 0],
                "latent_image": ["5", 0],
            },
        },
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"}},
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 16, "height": 16, "batch_size": 1},
        },
        "6": {
            "class_type": "CLIPTextEncode",
            "inputs": {"text": f"a tower {number}", "clip": ["4", 1]},
        },
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
    }


def flat_sidecar(number: int) -> dict[str, object]:
    """The oldest sidecar's thirteen fields."""
    return {
        "timestamp": "2026-01-04T01:10:32.123456",
        "prompt": f"a harbour {number}",
        "negative_prompt": "",
        "workflow": "flux-dev.json",
        "seed": number,
        "steps": 20,
        "cfg": 3.5,
        "sampler": "euler",
        "scheduler": "simple",
        "preset": None,
        "loras": [{"name": "detail", "strength": 0.6}],
        "validation_score": 0.85,
        "minio_url": f"http://192.168.1.215:9000/comfy-gen/{number}_output.png",
    }


def sdgen(root: Path, count: int, first: int = 0) -> None:
    """Sessions with a manifest; every fifth image was rated there."""
    for start in range(0, count, _PER_SESSION):
        folder = root / f"2025-10-{1 + start % 28:02d}_{start % 240000:06d}_castle{start}"
        folder.mkdir(parents=True)
        images = [
            _sdgen_image(folder, number)
            for number in range(first + start, first + min(start + _PER_SESSION, count))
        ]
        manifest = {
            "snapshot": {
                "version": "2.0",
                "timestamp": "2025-10-07T15:30:00",
                "runtime_info": {"sd_model_checkpoint": "dream_v8.safetensors [0123abcd]"},
                "api_params": {
                    "sampler_name": "DPM++ 2M",
                    "scheduler": "Karras",
                    "steps": 24,
                    "cfg_scale": 7.0,
                    "width": 16,
                    "height": 16,
                },
                "variations": {"Mood": {"available": list(_MOODS), "count": len(_MOODS)}},
            },
            "is_test": start == 0,
            "images": images,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))


def _sdgen_image(folder: Path, number: int) -> dict[str, object]:
    name = f"{number:06d}.png"
    (folder / name).write_bytes(png(number, {"parameters": a1111_text(number)}))
    rating = {"status": "ko", "failure_category": "malformed"} if number % 5 == 0 else {}
    return {
        "filename": name,
        "seed": number,
        "prompt": f"a castle, {_MOODS[number % 3]}",
        "negative_prompt": "blurry",
        "applied_variations": {"Mood": _MOODS[number % 3], "Pose": _POSES[number // 3 % 3]},
        **rating,
    }


def sdgen_old(root: Path, count: int, first: int = 0) -> None:
    """Sessions of the time before manifests."""
    for start in range(0, count, _PER_SESSION):
        folder = root / f"20250901_{start % 240000:06d}_old{start}"
        folder.mkdir(parents=True)
        config = "Prompt Template: a castle, {Mood}\nGeneration Mode: combinatorial\nSeed: 42\n"
        (folder / "session_config.txt").write_text(config)
        for number in range(first + start, first + min(start + _PER_SESSION, count)):
            name = f"{number:06d}_Mood-{_MOODS[number % 3]}_Pose-{_POSES[number // 3 % 3]}.png"
            (folder / name).write_bytes(png(number, {"parameters": a1111_text(number)}))


def flat(root: Path, count: int, first: int = 0) -> None:
    """A bucket of images with a JSON beside each."""
    root.mkdir(parents=True)
    for number in range(first, first + count):
        name = f"20260104_011032_{number:06d}_output.png"
        (root / name).write_bytes(png(number))
        (root / f"{name}.json").write_text(json.dumps(flat_sidecar(number)))


def a1111(root: Path, count: int, first: int = 0) -> None:
    """Day folders of A1111."""
    _folders(root, count, first, lambda number: {"parameters": a1111_text(number)})


def comfyui(root: Path, count: int, first: int = 0) -> None:
    """ComfyUI's output folder."""
    _folders(root, count, first, lambda number: {"prompt": json.dumps(comfy_graph(number))})


def toolkit(root: Path, count: int, first: int = 0) -> None:
    """A library as browsers of images keep it: folders within folders, texts beside images."""
    for number in range(first, first + count):
        folder = root / f"artist{number % 7}" / f"2025-11-{1 + number % 28:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d}.png").write_bytes(png(number))
        (folder / f"{number:05d}.txt").write_text(a1111_text(number))


def _folders(root: Path, count: int, first: int, texts: Callable[[int], dict[str, str]]) -> None:
    for number in range(first, first + count):
        folder = root / f"2025-12-{1 + number // 1000 % 28:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d}.png").write_bytes(png(number, texts(number)))


KINDS: dict[str, Callable[..., None]] = {
    "sdgen": sdgen,
    "sdgen-old": sdgen_old,
    "flat": flat,
    "a1111": a1111,
    "comfyui": comfyui,
    "toolkit": toolkit,
}
