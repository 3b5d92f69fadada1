"""Train the CLIP-like pair of encoders, with near misses as hard negatives.

    python -m training.pair --out FOLDER [--export]

Owns the recipe: true scenes without planted biases, captions in all phrasings,
and beside each true caption one that is wrong in one point: the colours of two
objects swapped, or one word changed.
"""

import argparse
import math
import time
from dataclasses import replace
from itertools import combinations, product
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
from darkroom.core.world.vocabulary import COLOURS, SHAPES, SIZES
from training.near_misses import colours_swapped, one_word_changed
from training.optimiser import Optimiser
from training.pair_network import PICTURE_SIDE, SPACE, CaptionEncoder, PictureEncoder
from training.pictures import COLOUR_JITTER
from training.scenes import draw_sample

PICTURES, CHUNK, STEPS, BATCH, RATE, SEED = 60_000, 1000, 2400, 64, 2e-3, 21
SWAPS = 0.5  # share of captions whose near miss has the colours of two objects exchanged
BINDING = 0.5  # weight of telling which properties go together, beside finding the caption
_PROPERTIES = (("colour", tuple(COLOURS)), ("shape", SHAPES), ("size", SIZES))
_NAMES = [name for name, _ in _PROPERTIES]
BONDS = {
    bond: number
    for number, bond in enumerate(
        (first, second, *words)
        for (first, some), (second, others) in combinations(_PROPERTIES, 2)
        for words in product(some, others)
    )
}
"""Every pair of properties one object can have: (name, name, word, word) to its number."""


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


def _near_miss(facts: Facts, rng: Generator) -> Facts:
    swapped = colours_swapped(facts, rng) if rng.random() < SWAPS else None
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
    """One row per caption: which properties it says one object has together."""
    rows = torch.zeros(len(facts), len(BONDS))
    for row, item in zip(rows, facts, strict=True):
        for thing, (first, second) in product(item.objects, combinations(_NAMES, 2)):
            number = BONDS.get((first, second, getattr(thing, first), getattr(thing, second)))
            if number is not None:
                row[number] = 1
    return rows


def batch_of(
    pictures: NDArray[np.uint8], facts: list[Facts], rng: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, twice as many captions (the true ones, then near misses), what each binds."""
    chosen = rng.integers(0, len(facts), BATCH)
    clean = pictures[chosen].astype(np.float32) / 127.5 - 1
    grain = rng.standard_normal(clean.shape, np.float32) * rng.uniform(0, 0.08, (BATCH, 1, 1, 1))
    said = [_partly(facts[at], rng) for at in chosen]
    everything = [*said, *(_near_miss(item, rng) for item in said)]
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
    """How badly the properties that go together can be read off the vectors."""
    guess = binder(torch.cat([seen, said]) * SPACE**0.5)
    wanted = torch.cat([truth[: len(seen)], truth])
    missed = functional.binary_cross_entropy_with_logits(guess, wanted, reduction="none")
    return missed.sum(1).mean()


def _rate(step: int) -> float:
    """Warm up, hold, fall along a cosine."""
    rest = max(0.0, step / STEPS - 0.3) / 0.7
    return RATE * min(1.0, (step + 5) / 60) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * rest)))


class Training:
    """The pair, what binds its vectors while it learns, and both their optimisers."""

    def __init__(self) -> None:
        self.pair = Pair().bfloat16()
        names = {n for n, p in self.pair.named_parameters() if p.ndim in (2, 4)}
        self.optimiser = Optimiser(
            self.pair, {n for n in names if "words" not in n and "gather.out" not in n}, 0.995
        )
        self.binder = nn.Linear(SPACE, len(BONDS))
        self.binding = torch.optim.AdamW(self.binder.parameters(), 3e-3)

    def saved(self) -> dict:
        """All that is needed to go on."""
        return {
            "pair": self.optimiser.saved(),
            "binder": self.binder.state_dict(),
            "binding": self.binding.state_dict(),
        }

    def restore(self, saved: dict) -> None:
        """Go on from a saved state."""
        self.optimiser.restore(saved["pair"])
        self.binder.load_state_dict(saved["binder"])
        self.binding.load_state_dict(saved["binding"])

    def step(self, pixels: Tensor, words: Tensor, truth: Tensor) -> tuple[float, float]:
        """One update; both losses before it."""
        seen, said = self.pair.vectors(pixels, words)
        found = self.pair.loss(seen, said)
        bound_loss = binding_loss(self.binder, seen, said, truth)
        self.pair.zero_grad(set_to_none=True)
        self.binding.zero_grad()
        (found + BINDING * bound_loss).backward()
        self.optimiser.step(_rate(self.optimiser.state.step))
        self.binding.step()
        return found.item(), bound_loss.item()


def train(out: Path) -> None:
    """Draw, train, save; goes on from `pair-last.pt` where that exists."""
    torch.manual_seed(SEED)
    with Pool(2) as pool:
        parts = pool.map(_chunk, range(PICTURES // CHUNK))
    pictures = np.concatenate([part[0] for part in parts])
    facts = [item for part in parts for item in part[1]]
    training, last, started = Training(), out / "pair-last.pt", time.monotonic()
    if last.exists():
        training.restore(torch.load(last))
    for step in range(training.optimiser.state.step, STEPS):
        rng = np.random.default_rng([SEED, 1, step])
        found, bound_loss = training.step(*batch_of(pictures, facts, rng))
        if (step + 1) % 50 == 0:
            passed = time.monotonic() - started
            print(f"{passed:.0f}s step {step + 1} loss {found:.4f} {bound_loss:.4f}", flush=True)
        if (step + 1) % 200 == 0:
            torch.save(training.saved(), last)
    torch.save(training.saved(), last)


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
        pair.load_state_dict(torch.load(arguments.out / "pair-last.pt")["pair"]["average"])
        export_pair(pair.picture, pair.caption)
    else:
        train(arguments.out)


if __name__ == "__main__":
    main()
