"""The learning curve: how many pictures of a saved denoiser show all stated facts.

    python -m training.evaluate --size base FILE.pt [FILE.pt ...] [--each 64] [--cfg 2]

Owns the tuning prompts (their seeds are in no benchmark). Runs the torch network
in batches and enlarges without the learned decoder, so it can be used while
training still runs. Prints one JSON line per file, number of objects and cfg.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.core.world.facts import Facts, encode
from darkroom.engine.diffusion.noise_levels import schedule
from darkroom.engine.diffusion.samplers import Walk, walk_down
from training.network import DATA_SPREAD, LATENT_SIDE, SHAPES, Denoiser
from training.scenes import draw_sample

TUNING_SEED = 300


def batch_sample(
    network: Denoiser, rows: NDArray[np.int64], steps: int, cfg: float
) -> NDArray[np.float32]:
    """Latents for many captions at once, dpmpp_2m on the karras schedule."""
    levels = schedule(steps, "karras", 1.0)
    rng = np.random.default_rng(1)
    start = rng.standard_normal((len(rows), 3, LATENT_SIDE, LATENT_SIDE), np.float32)

    def clean(x: NDArray[np.float32], sigma: float, fields: NDArray[np.int64]) -> torch.Tensor:
        scaled = torch.from_numpy(x / np.float32((DATA_SPREAD**2 + sigma**2) ** 0.5))
        level = torch.full((len(x),), sigma / (1 + sigma))
        return network(scaled, level, torch.from_numpy(fields))

    def guided(x: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        with torch.no_grad():
            wanted = clean(x, sigma, rows)
            if cfg == 1:
                return wanted.clamp(-1, 1).numpy()
            free = clean(x, sigma, np.zeros_like(rows))
        return (free + cfg * (wanted - free)).clamp(-1, 1).numpy()

    walk = Walk(guided, rng)
    return walk_down("dpmpp_2m", start * np.float32(levels[0]), levels, walk, None)


def enlarged(latent: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One latent as a 128 x 128 picture, plainly enlarged."""
    small = np.clip((latent.transpose(1, 2, 0) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (128, 128), interpolation=cv2.INTER_CUBIC), np.uint8)


def scored(latents: NDArray[np.float32], facts: list[Facts]) -> dict[str, float]:
    """Shares of pictures with everything right, and of single facts by kind."""
    results = [facts_met(measure(enlarged(x)), f) for x, f in zip(latents, facts, strict=True)]
    kinds: dict[str, list[bool]] = {}
    for check in (check for result in results for check in result.checks):
        kind = check.fact.split(": ")[-1].split()[0]
        kinds.setdefault(kind, []).append(check.met is True)
    shares = {kind: round(float(np.mean(met)), 3) for kind, met in sorted(kinds.items())}
    return {"all": round(float(np.mean([r.all_met for r in results])), 3), **shares}


def main() -> None:
    """Evaluate every named file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--size", choices=sorted(SHAPES), required=True)
    parser.add_argument("--each", type=int, default=64)
    parser.add_argument("--cfg", type=float, nargs="+", default=[2.0])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for file in arguments.files:
        network = Denoiser(SHAPES[arguments.size]).eval()
        network.load_state_dict(torch.load(file))
        for count in (1, 2, 3, 4):
            rng = np.random.default_rng(TUNING_SEED + count)
            facts = [draw_sample(rng, count, clean=True).facts for _ in range(arguments.each)]
            rows = np.array([encode(item).fields for item in facts], np.int64)
            for cfg in arguments.cfg:
                result = scored(batch_sample(network, rows, 16, cfg), facts)
                print(
                    json.dumps({"file": file.name, "objects": count, "cfg": cfg, **result}),
                    flush=True,
                )


if __name__ == "__main__":
    main()
