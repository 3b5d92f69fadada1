"""Train the decoder that turns a 32 x 32 latent into a crisp 128 x 128 picture.

    python -m training.decoder --out FOLDER

Owns its data (pictures it draws itself, a quarter of them outlined) and the
faults it learns to correct: noise, smooth stains and slight blur, as a sampler
leaves them.
"""

import argparse
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from darkroom.adapters.vision.drawing import draw
from training.network import Decoder
from training.outlining import draw_outlined
from training.pictures import COLOUR_JITTER
from training.scenes import draw_sample

PICTURES, CHUNK, STEPS, BATCH, SEED = 4000, 500, 2400, 32, 77
CROP = 16  # of the latent's side; edges are all there is to learn, and a crop holds enough of them
EDGE_WEIGHT = 8.0
RATE = 3e-3


def _chunk(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng([SEED, seed])
    pictures = np.empty((CHUNK, 128, 128, 3), np.uint8)
    for at in range(CHUNK):
        scene = draw_sample(rng, 1 + at % 4).scene
        shift = rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, (len(scene.objects) + 1, 3))
        pictures[at] = (draw_outlined if rng.random() < 0.25 else draw)(scene, 128, shift)
    return pictures


def blemished(small: Tensor, noise: torch.Generator) -> Tensor:
    """A latent with the faults of a sampler in a third of the pictures."""
    one = (len(small), 1, 1, 1)
    share = torch.rand(one, generator=noise)
    chosen = (torch.rand(one, generator=noise) < 0.3).float()
    stains = torch.randn(len(small), 3, 8, 8, generator=noise)
    stains = functional.interpolate(stains, size=small.shape[-1], mode="bilinear")
    grains = torch.randn(small.shape, generator=noise)
    padded = functional.pad(small, (1, 1, 1, 1), mode="replicate")
    blur = functional.avg_pool2d(padded, 3, 1) - small
    blur = blur * torch.rand(one, generator=noise) * 0.5
    return small + chosen * (grains * 0.04 * share + stains * 0.03 * share + blur)


def cropped(small: Tensor, large: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """The same random window of both."""
    x, y = (int(at) for at in rng.integers(0, small.shape[-1] - CROP + 1, 2))
    window = small[..., y : y + CROP, x : x + CROP]
    return window, large[..., 4 * y : 4 * (y + CROP), 4 * x : 4 * (x + CROP)]


def edge_loss(guess: Tensor, large: Tensor, small: Tensor) -> Tensor:
    """Absolute error, counted more where plain enlargement is wrong: at the edges."""
    plain = functional.interpolate(small, scale_factor=4, mode="nearest")
    edges = (large - plain).abs().amax(1, keepdim=True).clamp(max=1)
    return ((1 + EDGE_WEIGHT * edges) * (guess - large).abs()).mean()


def main() -> None:
    """Draw, train, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    torch.set_num_threads(2)
    torch.manual_seed(SEED)
    with Pool(2) as pool:
        pictures = np.concatenate(pool.map(_chunk, range(PICTURES // CHUNK)))
    decoder = Decoder().to(memory_format=torch.channels_last)
    adam = torch.optim.AdamW(decoder.parameters(), RATE)
    rng, noise = np.random.default_rng(SEED), torch.Generator().manual_seed(SEED)
    started = time.monotonic()
    for step in range(STEPS):
        rate = RATE * min(1, (step + 1) / 100) * max(0.02, 1 - step / STEPS)
        chosen = torch.from_numpy(pictures[rng.integers(0, PICTURES, BATCH)])
        large = chosen.permute(0, 3, 1, 2).float() / 127.5 - 1
        small, large = cropped(functional.avg_pool2d(large, 4), large, rng)
        loss = edge_loss(decoder(blemished(small, noise)), large, small)
        adam.zero_grad()
        loss.backward()
        for group in adam.param_groups:
            group["lr"] = rate
        adam.step()
        if (step + 1) % 200 == 0:
            print(
                f"{time.monotonic() - started:.0f}s step {step + 1} loss {loss.item():.4f}",
                flush=True,
            )
    torch.save(decoder.state_dict(), out / "decoder.pt")


if __name__ == "__main__":
    main()
