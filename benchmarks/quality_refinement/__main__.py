"""`python -m benchmarks.quality_refinement`: the gain of each strategy over plain reseeding.

    python -m benchmarks.quality_refinement [--number 40] [--objects 4] [--threshold 9.8]

Every strategy is compared, prompt by prompt, with the best of as many plain images, and with
the best of as many as the same sampling steps allow. The score that steers never judges:
`right` is the share of prompts whose best image shows every fact, by the measuring judge.
What a strategy gains over its own first image is printed too, beside what plain images gain
over theirs: most of it is selection.
"""

import argparse
import random
from collections.abc import Sequence
from statistics import fmean

import numpy as np

from benchmarks.quality_refinement.arms import PLAIN, Ended, by_reseeding, by_strategy
from darkroom.core.scoring.refinement import STRATEGIES, RefinePlan
from darkroom.core.world.facts import Facts
from darkroom.engine.diffusion import Checkpoint, load_checkpoint
from darkroom.generating.refining import refinement_table
from training.scenes import draw_sample

PROMPT_SEED = 95_000
SEED = 600_000
RESAMPLES = 2000
_LOW, _HIGH = 0.025, 0.975


def main() -> None:
    """Draw, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=40)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--threshold", type=float, default=9.8)
    parser.add_argument("--checkpoint", default="shapeworld_base.onnx")
    parser.add_argument("--only", nargs="+", choices=STRATEGIES, default=STRATEGIES)
    told = parser.parse_args()
    table, model = refinement_table(), load_checkpoint(told.checkpoint)
    rng = np.random.default_rng(PROMPT_SEED + told.objects)
    prompts = [draw_sample(rng, told.objects, clean=True).facts for _ in range(told.number)]
    print(f"{told.number} prompts of {told.objects} objects, threshold {told.threshold:g}, ")
    print(f"at most {table.max_attempts} images; plain: {PLAIN.steps} steps, cfg {PLAIN.cfg:g}")
    for name in told.only:
        rows = table.strategies.of(name)
        plans = [
            RefinePlan(
                strategy=name,
                table=rows,
                threshold=told.threshold,
                max_attempts=table.max_attempts,
                seed=SEED + number,
            )
            for number in range(told.number)
        ]
        _compare(model, prompts, plans)


def _compare(model: Checkpoint, prompts: Sequence[Facts], plans: Sequence[RefinePlan]) -> None:
    ours: list[Ended] = []
    images: list[Ended] = []
    steps: list[Ended] = []
    for facts, plan in zip(prompts, plans, strict=True):
        made = by_strategy(model, facts, plan)
        ours.append(made)
        images.append(by_reseeding(model, facts, plan.seed, made.images))
        as_many = max(1, made.steps // PLAIN.steps)
        steps.append(by_reseeding(model, facts, plan.seed, as_many))
    print(f"\n{plans[0].strategy}")
    for label, arm in (
        ("  the strategy", ours),
        ("  reseeding, as many images", images),
        ("  reseeding, as many steps", steps),
    ):
        print(_line(label, arm))
    for label, arm in (("as many images", images), ("as many steps", steps)):
        print(f"  gain over reseeding, {label:<15} {_gain(ours, arm)}")


def _line(label: str, arm: Sequence[Ended]) -> str:
    right = fmean(ended.right for ended in arm)
    share = fmean(ended.share for ended in arm)
    own = fmean(ended.best - ended.first for ended in arm)
    images, steps = (fmean(getattr(each, name) for each in arm) for name in ("images", "steps"))
    return (
        f"{label:<30} right {right:.2f}  facts {share:.3f}  steering score "
        f"{fmean(each.best for each in arm):.2f} ({own:+.2f} over its first)  "
        f"{images:.1f} images, {steps:.0f} steps"
    )


def _gain(ours: Sequence[Ended], plain: Sequence[Ended]) -> str:
    right = [float(a.right) - float(b.right) for a, b in zip(ours, plain, strict=True)]
    share = [a.share - b.share for a, b in zip(ours, plain, strict=True)]
    return f"right {_interval(right)}  facts {_interval(share)}"


def _interval(values: Sequence[float]) -> str:
    """The mean of paired differences with its 95 % bootstrap interval."""
    chance = random.Random(1)
    means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = means[int(_LOW * RESAMPLES)], means[int(_HIGH * RESAMPLES)]
    return f"{fmean(values):+.3f} [{low:+.3f}, {high:+.3f}]"


if __name__ == "__main__":
    main()
