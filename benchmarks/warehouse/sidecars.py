"""Sidecars as a laboratory's store holds them after a year, written without drawing anything.

Owns the mix: runs of one to four images, a dozen models of unequal popularity, prompts
built from varied axes, a whole graph in each, a third judged and scored.
"""

import hashlib
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import combination_hash

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_MODELS = [f"checkpoint_{name}_v{number}.safetensors" for name in "abcd" for number in (1, 2, 3)]
_SAMPLERS = ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "ddim", "uni_pc"]
_AXES = {
    "Expression": ["smiling", "frowning", "calm", "angry", "laughing", "crying", "bored", "proud"],
    "Outfit": ["kimono", "suit", "armour", "raincoat", "dress", "uniform", "cloak", "pullover"],
    "Place": ["forest", "space", "city", "beach", "library", "desert", "harbour", "kitchen"],
    "Light": ["dawn", "noon", "sunset", "neon", "candle", "moon"],
    "View": ["front", "profile", "above", "below", "far"],
}
_ENGINE = {
    "kind": "comfyui",
    "version": "0.3.64",
    "host": "gpu1",
    "device": "cuda:0",
    "python": "3.12.3",
    "torch": "2.9.0",
    "model_hashes": {},
    "warnings": [],
}
_COST = {"seconds": 6.5, "gpu_seconds": 6.1, "calls": 0, "tokens_in": 0, "tokens_out": 0}
_WORDS = [
    "soft",
    "grain",
    "wide",
    "lens",
    "film",
    "portrait",
    "detailed",
    "muted",
    "vivid",
    "quiet",
    "stormy",
    "golden",
    "dusty",
]


def write(root: Path, count: int, seed: int = 1) -> None:
    """Write so many sidecars below the root."""
    for key, content in sidecars(count, seed):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def sidecars(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Key and bytes of each sidecar."""
    chance = random.Random(seed)
    made, run = 0, 0
    while made < count:
        run += 1
        started = _FIRST + timedelta(seconds=97 * run)
        keys = RunKeys(f"project{run % 9}", started.strftime("%Y-%m-%d_%H-%M-%S"))
        for iteration in range(1, min(1 + run % 4, count - made) + 1):
            made += 1
            yield _sidecar(chance, keys, iteration, started)


def run_of(keys: RunKeys, count: int, seed: int = 2) -> Iterator[tuple[str, bytes]]:
    """The sidecars of one run."""
    chance = random.Random(seed)
    return (_sidecar(chance, keys, number, _FIRST) for number in range(1, count + 1))


def _sidecar(chance: random.Random, keys: RunKeys, number: int, at: datetime) -> tuple[str, bytes]:
    document = _document(chance, keys, number, at)
    return keys.sidecar(number), orjson.dumps(document, option=orjson.OPT_SORT_KEYS) + b"\n"


def _document(chance: random.Random, keys: RunKeys, iteration: int, at: datetime) -> dict[str, Any]:
    axes = {axis: chance.choice(values) for axis, values in _AXES.items()}
    words = " ".join(chance.sample(_WORDS, 5))
    prompt = (
        f"a {axes['Expression']} person in a {axes['Outfit']}, {axes['Place']} at {axes['Light']},"
        f" seen from {axes['View']}, {words}"
    )
    model = _MODELS[min(int(chance.expovariate(0.35)), len(_MODELS) - 1)]
    settings = {
        "seed": chance.getrandbits(53),
        "steps": chance.randint(15, 45),
        "cfg": round(chance.uniform(3, 12), 1),
        "sampler": chance.choice(_SAMPLERS),
        "scheduler": chance.choice(["karras", "normal", "simple"]),
        "denoise": 1.0,
    }
    document = _told(keys, iteration, at) | {
        "input": {"prompt": prompt, "negative_prompt": "blurry, text", "preset": None},
        "workflow": {"name": "txt2img.json", "model": model, "vae": None, "unparsed": []}
        | {"graph": _graph(prompt, model, settings)},
        "parameters": {
            **settings,
            "guidance": None,
            "resolution": [1024, 1024],
            "loras": _loras(chance),
        },
        "variations": axes,
        "variation_combination_hash": combination_hash(axes),
    }
    if chance.random() < 1 / 3:
        document |= _judged(chance, iteration, prompt)
    return document


def _told(keys: RunKeys, iteration: int, at: datetime) -> dict[str, Any]:
    key = keys.image(iteration)
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    moment = (at + timedelta(seconds=20 * iteration)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "schema": "darkroom/sidecar",
        "version": 1,
        "timestamp": moment,
        "committed_at": moment,
        "generation_id": str(uuid.UUID(sha256[:32], version=4)),
        "identity": {
            "key": key,
            "project": keys.project,
            "run_id": keys.run_id,
            "iteration": iteration,
            "job_key": hashlib.sha256(b"job" + key.encode()).hexdigest(),
            "prompt_id": str(uuid.UUID(sha256[32:], version=4)),
            "sha256": sha256,
            "size_bytes": 1_500_000 + int(sha256[:4], 16),
            "width": 1024,
            "height": 1024,
            "mime": "image/png",
        },
        "engine": _ENGINE,
        "parents": [],
        "iteration": None,
        "quality": None,
        "refinement": None,
        "cost": _COST,
        "storage": {
            "kind": "folder",
            "endpoint": None,
            "bucket": None,
            "key": key,
            "file_size_bytes": 1_500_000,
            "format": "png",
        },
        "validation_score": None,
        "is_test": False,
        "origin": None,
        "extra": {},
    }


def _loras(chance: random.Random) -> list[dict[str, Any]]:
    names = chance.sample(range(40), chance.choice([0, 0, 1, 2]))
    return [
        {"name": f"style_{name}.safetensors", "strength": 0.8, "strength_clip": 0.8}
        for name in names
    ]


def _judged(chance: random.Random, iteration: int, prompt: str) -> dict[str, Any]:
    met = {f"criterion_{number}": chance.random() < 0.7 for number in range(4)}
    measured = [
        {
            "metric": metric,
            "dimension": dimension,
            "version": "1",
            "tier": "lite",
            "raw": chance.random(),
            "normalised": round(chance.uniform(2, 10), 3),
            "calibration": "2026-11",
            "weights_sha256": None,
            "ms": 9.5,
            "reason": None,
        }
        for metric, dimension in (("niqe", "technical"), ("edges", "detail"), ("nima", "aesthetic"))
    ]
    return {
        "iteration": {
            "iteration": iteration,
            "timestamp": None,
            "image_path": None,
            "parameters_used": {},
            "questions": {"number_of_people": 1, "mood": "calm"},
            "evaluation": {
                "overall_score": 25.0 * sum(met.values()),
                "criteria_results": met,
                "probabilities": dict.fromkeys(met, 0.9),
            },
            "comparison": None,
            "aivis_metadata": {
                "provider": "ollama",
                "model": "qwen3-vl:4b",
                "using_fallback": False,
                "success": True,
                "attempts": 1,
                "error": None,
            },
            "prompts_used": {"positive": prompt, "negative": "blurry, text"},
        },
        "quality": {
            "composite_score": round(chance.uniform(2, 10), 4),
            "grade": chance.choice("ABCDF"),
            "coverage": 0.75,
            "technical": {},
            "aesthetic": {},
            "prompt_adherence": {},
            "detail": {},
            "scores": measured,
        },
    }


def _graph(prompt: str, model: str, settings: dict[str, Any]) -> dict[str, Any]:
    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}

    return {
        "3": node(
            "KSampler",
            seed=settings["seed"],
            steps=settings["steps"],
            cfg=settings["cfg"],
            sampler_name=settings["sampler"],
            scheduler=settings["scheduler"],
            denoise=1.0,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name=model),
        "5": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "6": node("CLIPTextEncode", text=prompt, clip=["4", 1]),
        "7": node("CLIPTextEncode", text="blurry, text", clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="darkroom", images=["8", 0]),
    }
