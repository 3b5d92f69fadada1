"""Train the CLIP-like pair of encoders, with near misses as hard negatives.

    python -m training.pair --out FOLDER [--export]

Owns the recipe: true scenes without planted biases, captions in all phrasings,
and beside each true caption one that is wrong in one point: the colours of two
objects swapped, or one word changed.
"""

import argparse
import time
from dataclasses import replace
from itertools import product
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from darkroom.adapters.embeddings.shapeworld import word_numbers
from darkroom.adapters.vision.drawing import draw
from darkroom.core.world.captions import varied_caption
from darkroom.core.world.facts import Facts
from darkroom.core.world.vocabulary import COLOURS, SHAPES
from training.near_misses import colours_swapped, one_word_changed
from training.optimiser import Optimiser
from training.pair_network import PICTURE_SIDE, SPACE, CaptionEncoder, PictureEncoder
from training.pictures import COLOUR_JITTER
from training.scenes import draw_sample

PICTURES, CHUNK, STEPS, BATCH, RATE, SEED = 60_000, 1000, 3100, 64, 1.5e-3, 21
BINDING_FROM = 1500  # from here on both vectors must also tell which colour goes with which shape
RATE_POINTS = (
    (0, 1.0),
    (750, 1.0),
    (1500, 0.02),
    (1530, 0.5),
    (2300, 0.02),
    (2330, 0.5),
    (3100, 0.02),
)
PAIRS = tuple(product(COLOURS, SHAPES))


def _chunk(seed: int) -> tuple[NDArray[np.uint8], list[Facts]]:
    rng = np.random.default_rng([SEED, seed])
    pictures = np.empty((CHUNK, PICTURE_SIDE, PICTURE_SIDE, 3), np.uint8)
    facts: list[Facts] = []
    for at in range(CHUNK):
        sample = draw_sample(rng, 1 + at % 4)
        shift = rng.uniform(-COLOUR_JITTER, COLOUR_JITTER, (len(sample.scene.objects) + 1, 3))
        pictures[at] = draw(sample.scene, PICTURE_SIDE, shift)
        facts.append(sample.facts)
    return pictures, facts


def _near_miss(facts: Facts, rng: Generator, swaps: float) -> Facts:
    swapped = colours_swapped(facts, rng) if rng.random() < swaps else None
    return swapped or one_word_changed(facts, rng)


def _partly(facts: Facts, rng: Generator) -> Facts:
    """Now and then a caption that says less; relations stay as they are."""
    if rng.random() < 0.6:
        return facts
    items = tuple(
        replace(item, size=item.size if rng.random() < 0.6 else None) for item in facts.objects
    )
    return replace(
        facts, objects=items, background=facts.background if rng.random() < 0.7 else None
    )


def bound(facts: list[Facts]) -> Tensor:
    """One row per caption: which pairs of colour and shape it names."""
    rows = torch.zeros(len(facts), len(PAIRS))
    for row, item in zip(rows, facts, strict=True):
        for thing in item.objects:
            row[PAIRS.index((thing.colour or "", thing.shape or ""))] = 1
    return rows


def batch_of(
    pictures: NDArray[np.uint8], facts: list[Facts], rng: Generator, swaps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, twice as many captions (the true ones, then near misses), what each binds."""
    chosen = rng.integers(0, len(facts), BATCH)
    clean = pictures[chosen].astype(np.float32) / 127.5 - 1
    grain = rng.standard_normal(clean.shape, np.float32) * rng.uniform(0, 0.08, (BATCH, 1, 1, 1))
    said = [_partly(facts[at], rng) for at in chosen]
    everything = [*said, *(_near_miss(item, rng, swaps) for item in said)]
    texts = [varied_caption(item, lambda n: int(rng.integers(n))) for item in everything]
    picture = torch.from_numpy((clean + grain.astype(np.float32)).transpose(0, 3, 1, 2).copy())
    return picture, torch.from_numpy(word_numbers(texts)), bound(everything)


class Pair(nn.Module):
    """Both encoders and the sharpness of their comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.picture, self.caption = PictureEncoder(), CaptionEncoder()
        self.sharpness = nn.Parameter(torch.tensor(2.3))

    def vectors(self, pictures: Tensor, captions: Tensor) -> tuple[Tensor, Tensor]:
        """Both sides' unit vectors, in single precision."""
        seen = self.picture(pictures.to(self.picture.place.dtype)).float()
        return seen, self.caption(captions).float()

    def loss(self, seen: Tensor, said: Tensor) -> Tensor:
        """Each picture finds its caption among all, each caption its picture."""
        scores = seen @ said.T * self.sharpness.float().clamp(max=4.0).exp()
        target = torch.arange(len(seen))
        own = scores.gather(1, torch.stack([target, target + len(seen)], 1))
        return (
            functional.cross_entropy(scores, target)
            + functional.cross_entropy(scores[:, : len(seen)].T, target)
            + functional.cross_entropy(own, torch.zeros_like(target))
        )


def binding_loss(binder: nn.Linear, seen: Tensor, said: Tensor, truth: Tensor) -> Tensor:
    """How badly the pairs of colour and shape can be read off the vectors."""
    guess = binder(torch.cat([seen, said]) * SPACE**0.5)
    wanted = torch.cat([truth[: len(seen)], truth])
    missed = functional.binary_cross_entropy_with_logits(guess, wanted, reduction="none")
    return missed.sum(1).mean()


def _rate_share(step: int) -> float:
    steps, shares = zip(*RATE_POINTS, strict=True)
    return float(np.interp(step, steps, shares))


def train(out: Path) -> None:
    """Draw, train, save; goes on from `pair-last.pt` where that exists."""
    torch.manual_seed(SEED)
    with Pool(2) as pool:
        parts = pool.map(_chunk, range(PICTURES // CHUNK))
    pictures = np.concatenate([part[0] for part in parts])
    facts = [item for part in parts for item in part[1]]
    pair = Pair().bfloat16()
    matrices = {n for n, p in pair.named_parameters() if p.ndim in (2, 4) and "words" not in n}
    optimiser = Optimiser(pair, {n for n in matrices if ".out" not in n or "layers" in n}, 0.995)
    binder = nn.Linear(SPACE, len(PAIRS))
    binding = torch.optim.AdamW(binder.parameters(), 3e-3)
    last, started = out / "pair-last.pt", time.monotonic()
    if last.exists():
        optimiser.restore(torch.load(last))
    for step in range(optimiser.state.step, STEPS):
        rng, binds = np.random.default_rng([SEED, 1, step]), step >= BINDING_FROM
        pixels, words, truth = batch_of(pictures, facts, rng, 0.85 if binds else 0.6)
        seen, said = pair.vectors(pixels, words)
        loss = pair.loss(seen, said)
        bound_loss = binding_loss(binder, seen, said, truth) if binds else torch.zeros(())
        pair.zero_grad(set_to_none=True)
        binding.zero_grad()
        (loss + bound_loss).backward()
        optimiser.step(RATE * min(1, (step + 5) / 60) * _rate_share(step))
        if binds:
            binding.step()
        if (step + 1) % 50 == 0:
            print(
                f"{time.monotonic() - started:.0f}s step {step + 1} loss {loss.item():.4f} "
                f"{bound_loss.item():.4f}",
                flush=True,
            )
        if (step + 1) % 200 == 0:
            torch.save(optimiser.saved(), last)
    torch.save(optimiser.saved(), last)


def main() -> None:
    """Train, or export what was trained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.export:
        from training.export import export_pair

        pair = Pair()
        pair.load_state_dict(torch.load(arguments.out / "pair-last.pt")["average"])
        export_pair(pair.picture, pair.caption)
    else:
        train(arguments.out)


if __name__ == "__main__":
    main()
