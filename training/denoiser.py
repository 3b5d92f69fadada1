"""Train a denoiser from nothing, or go on from its last checkpoint.

    python -m training.denoiser --size base --data FOLDER --out FOLDER

Owns the recipe: noise levels, weights, what is left out of captions, the
curriculum and the learning rate, all in step counts. Batches of step k depend
on the seed and k alone, so a stopped run goes on as if it had not stopped.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from training.network import DATA_SPREAD, SHAPES, Denoiser
from training.optimiser import Optimiser, muon_names

BATCH = 128
LEVEL_MEAN, LEVEL_SPREAD = 0.9, 1.1  # of logit(t)
SHARES = (0.22, 0.28, 0.26, 0.24)  # of one to four objects after the curriculum
LATE_SHARES = (0.14, 0.22, 0.36, 0.28)  # once the single objects are right


@dataclass(frozen=True)
class Plan:
    """How long, how fast, from which seed; the rate runs straight between its points."""

    steps: int
    first_steps: int  # one object only
    late_from: int
    rate: float
    seed: int
    points: tuple[tuple[int, float], ...]


PLANS = {
    "base": Plan(
        3400,
        400,
        2200,
        2e-3,
        11,
        # down once, then a second, shorter round for the fuller pictures
        ((0, 1.0), (1600, 1.0), (2200, 0.4), (2800, 0.02), (2830, 0.35), (3400, 0.02)),
    ),
    "small": Plan(800, 150, 800, 2e-3, 12, ((0, 1.0), (400, 1.0), (800, 0.02))),
}


class Pictures:
    """The rendered training set in memory."""

    def __init__(self, folder: Path) -> None:
        names = ("pictures", "masks", "fields")
        self.parts = {
            count: [np.load(folder / f"{name}-{count}.npy") for name in names]
            for count in (1, 2, 3, 4)
        }

    def batch(self, rng: Generator, shares: tuple[float, ...]) -> list[NDArray[np.uint8]]:
        """Random pictures, masks and field numbers, by number of objects."""
        sizes = rng.multinomial(BATCH, shares)
        rows = []
        for count, size in zip((1, 2, 3, 4), sizes, strict=True):
            arrays = self.parts[count]
            at = rng.integers(len(arrays[0]), size=size)
            rows.append([array[at] for array in arrays])
        return [np.concatenate(column) for column in zip(*rows, strict=True)]


def thinned(fields: Tensor, noise: torch.Generator) -> Tensor:
    """Leave out words: mostly few, for some captions most, for a tenth all."""
    size = len(fields)
    kind = torch.rand(size, 1, generator=noise)
    sparse = torch.rand(size, 1, generator=noise)
    share = torch.where(kind < 0.7, torch.tensor(0.06), sparse)
    share = torch.where(kind > 0.9, torch.tensor(1.1), share)
    return fields * (torch.rand(fields.shape, generator=noise) > share)


def noise_levels(size: int, noise: torch.Generator) -> Tensor:
    """Mostly logit-normal, a tenth uniform, in t = sigma / (1 + sigma)."""
    usual = torch.sigmoid(torch.randn(size, generator=noise) * LEVEL_SPREAD + LEVEL_MEAN)
    uniform = torch.rand(size, generator=noise)
    chosen = torch.where(torch.rand(size, generator=noise) < 0.1, uniform, usual)
    return chosen.clamp(0.003, 0.988)


def loss_of(network: nn.Module, parts: list[NDArray[np.uint8]], noise: torch.Generator) -> Tensor:
    """Weighted error of the predicted clean picture; objects and rims count up to fourfold."""
    clean = torch.from_numpy(parts[0]).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    mask = torch.from_numpy(parts[1])[:, None].float()
    fields = thinned(torch.from_numpy(parts[2].astype(np.int64)), noise)
    level = noise_levels(len(clean), noise)
    t = level[:, None, None, None]
    noisy = (1 - t) * clean + t * torch.randn(clean.shape, generator=noise)
    scaled = noisy / ((1 - t) ** 2 * DATA_SPREAD**2 + t**2).sqrt()
    guess = network(scaled.bfloat16(), level, fields).float()
    # where noise hides everything, weighting would bias the mean picture
    weight = 1 + 3 * mask * ((0.92 - t) / 0.3).clamp(0, 1)
    error = (weight * (guess - clean) ** 2).mean((1, 2, 3))
    return (error / level.clamp(min=0.35) ** 2).mean()


def shares_at(plan: Plan, step: int) -> tuple[float, ...]:
    """How many of each number of objects: the curriculum."""
    if step < plan.first_steps:
        return (1.0, 0.0, 0.0, 0.0)
    return SHARES if step < plan.late_from else LATE_SHARES


def rate_at(plan: Plan, step: int) -> float:
    """The learning rate: a short warm-up, then along the plan's points."""
    steps, shares = zip(*plan.points, strict=True)
    return plan.rate * min(1.0, (step + 5) / 60) * float(np.interp(step, steps, shares))


def train(plan: Plan, size: str, data: Path, out: Path) -> None:
    """Run the plan, saving the moving average every 200 steps."""
    torch.manual_seed(plan.seed)
    network = Denoiser(SHAPES[size])
    optimiser = Optimiser(network.bfloat16(), muon_names(network))
    last = out / f"{size}-last.pt"
    if last.exists():
        optimiser.restore(torch.load(last))
    pictures, started, first = Pictures(data), time.monotonic(), optimiser.state.step
    print(sum(p.numel() for p in network.parameters()), "weights; from step", first, flush=True)
    running = 0.0
    for step in range(first, plan.steps):
        rng = np.random.default_rng([plan.seed, step])
        noise = torch.Generator().manual_seed(plan.seed * 1_000_003 + step)
        loss = loss_of(network, pictures.batch(rng, shares_at(plan, step)), noise)
        network.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step(rate_at(plan, step))
        running = running * 0.98 + loss.item() * 0.02
        done = step + 1
        if done % 50 == 0:
            speed = (done - first) * BATCH / (time.monotonic() - started)
            print(
                f"{time.monotonic() - started:.0f}s step {done} loss {running:.4f} "
                f"{speed:.0f} img/s",
                flush=True,
            )
        if done % 200 == 0 or done == plan.steps:
            torch.save(optimiser.saved(), last)
            torch.save(optimiser.state.average, out / f"{size}-{done}.pt")


def main() -> None:
    """Parse, then train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SHAPES), required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(PLANS[arguments.size], arguments.size, arguments.data, arguments.out)


if __name__ == "__main__":
    main()
