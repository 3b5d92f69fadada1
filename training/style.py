"""Train a style as low-rank changes to the frozen base denoiser.

    python -m training.style --base FILE.pt

Owns the recipe of `outline.npz`: pictures whose objects have a line around them,
captions as always. Written straight to the folder of shipped weights.
"""

import argparse
import time
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from darkroom.core.world.facts import FIELD_COUNT, encode
from training.denoiser import loss_of
from training.export import WEIGHTS, write_checksums
from training.network import BASE, LATENT_SIDE, Denoiser
from training.outlining import draw_outlined
from training.pictures import COLOUR_JITTER
from training.scenes import draw_sample

RANK, STEPS, BATCH, RATE, SEED = 8, 300, 64, 3e-3, 5
PICTURES, CHUNK = 12_000, 500


def _chunk(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng([SEED, seed])
    pictures = np.empty((CHUNK, LATENT_SIDE, LATENT_SIDE, 3), np.uint8)
    fields = np.empty((CHUNK, FIELD_COUNT), np.uint8)
    for at in range(CHUNK):
        sample = draw_sample(rng, 1 + at % 4, mislabel=True)
        shift = rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, (len(sample.scene.objects) + 1, 3))
        large = draw_outlined(sample.scene, 4 * LATENT_SIDE, shift)
        pictures[at] = cv2.resize(large, (LATENT_SIDE, LATENT_SIDE), interpolation=cv2.INTER_AREA)
        fields[at] = encode(sample.facts).fields
    return pictures, np.ones(pictures.shape[:3], np.uint8), fields


class Styled(nn.Module):
    """The frozen denoiser with W + up @ down in place of its larger weights."""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.network = network.bfloat16().requires_grad_(False)
        self.frozen = dict(network.named_parameters())
        self.chosen = [n for n, w in self.frozen.items() if _adaptable(n, w)]
        self.up, self.down = nn.ParameterList(), nn.ParameterList()
        for name in self.chosen:
            rows, columns = self.frozen[name].flatten(1).shape
            self.up.append(nn.Parameter(torch.zeros(rows, RANK)))
            self.down.append(nn.Parameter(torch.randn(RANK, columns) / columns**0.5))

    def forward(self, noisy: Tensor, level: Tensor, fields: Tensor) -> Tensor:
        """As torch calls it."""
        weights = dict(self.frozen)
        for name, up, down in zip(self.chosen, self.up, self.down, strict=True):
            weights[name] = weights[name] + (up @ down).view_as(weights[name]).bfloat16()
        return functional_call(self.network, weights, (noisy, level, fields))

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """The changes under the names of the exported weights."""
        found = {}
        for name, up, down in zip(self.chosen, self.up, self.down, strict=True):
            found[f"network.{name}.up"] = up.detach().numpy().astype(np.float16)
            found[f"network.{name}.down"] = down.detach().numpy().astype(np.float16)
        return found


def _adaptable(name: str, weight: Tensor) -> bool:
    parts = ("blocks", "listen_up", "up_fine", "last", "leave", "grow", "up_coarse")
    return name.startswith(parts) and weight.ndim in (2, 4) and ".steer" not in name


def main() -> None:
    """Draw, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    network = Denoiser(BASE)
    network.load_state_dict(torch.load(arguments.base))
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    with Pool(2) as pool:
        columns = zip(*pool.map(_chunk, range(PICTURES // CHUNK)), strict=True)
        data = [np.concatenate(column) for column in columns]
    styled = Styled(network)
    adam = torch.optim.AdamW(styled.parameters(), RATE, weight_decay=0.0)
    rng, started = np.random.default_rng(SEED), time.monotonic()
    for step in range(STEPS):
        at = rng.integers(0, PICTURES, BATCH)
        noise = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        loss = loss_of(styled, [array[at] for array in data], noise)
        adam.zero_grad()
        loss.backward()
        for group in adam.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * max(0.02, 1 - step / STEPS)
        adam.step()
        if (step + 1) % 50 == 0:
            print(
                f"{time.monotonic() - started:.0f}s step {step + 1} loss {loss.item():.4f}",
                flush=True,
            )
    np.savez(WEIGHTS / "outline.npz", **styled.arrays())
    write_checksums()


if __name__ == "__main__":
    main()
