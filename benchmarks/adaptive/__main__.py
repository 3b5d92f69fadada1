"""`python -m benchmarks.adaptive [--engine] [--repeats N]`: best after n cells, TPE against chance.

Both search the same space with the same budget, four cells at a time, as an adaptive
experiment does; each repeat has a seed of its own, and the difference is of pairs. With
`--engine` the embedded engine draws and the measuring judge scores (minutes), instead of
functions whose best is known. Ratios
count, other work may run beside.
"""

import argparse
import math
import statistics
from collections.abc import Sequence

from benchmarks.adaptive.landscapes import Engine, Landscape, planted
from darkroom.adapters.optimiser import SamplerName, propose
from darkroom.core.experiments.pareto import Outcome, hypervolume
from darkroom.core.experiments.scores import t95
from darkroom.core.experiments.space import Space, Told

BUDGET, BATCH = 40, 4
AFTER = (8, 16, 24, 32, 40)


def searched(
    landscape: Landscape, sampler: SamplerName, seed: int, *, both: bool = False
) -> list[Outcome]:
    """What one search saw, in the order in which it looked."""
    goals = ("maximise", "minimise") if both else ("maximise",)
    space = Space(landscape.space.dimensions, goals)
    told: list[Told] = []
    seen: list[Outcome] = []
    while len(told) < BUDGET:
        for point in propose(space, told, BATCH, seed, sampler):
            worth = landscape.worth(point)
            values = (worth.quality, worth.seconds) if both else (worth.quality,)
            told.append(Told(point, values))
            seen.append(worth)
    return seen


def interval(values: Sequence[float]) -> str:
    """The mean of paired differences with its 95 % interval."""
    half = t95(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.mean(values)
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


def best_after(seen: Sequence[Outcome], count: int) -> float:
    """The best of the first cells."""
    return max(outcome.quality for outcome in seen[:count])


def compared(landscape: Landscape, repeats: int) -> None:
    """Print one landscape."""
    print(f"\n{landscape.name} (best possible {landscape.top:g}), {repeats} repeats")
    model = [searched(landscape, "tpe", seed) for seed in range(repeats)]
    chance = [searched(landscape, "random", seed) for seed in range(repeats)]
    print(f"{'cells':>6} {'tpe':>8} {'chance':>8}  difference, 95 % interval")
    for count in AFTER:
        ours = [best_after(seen, count) for seen in model]
        theirs = [best_after(seen, count) for seen in chance]
        gaps = [one - other for one, other in zip(ours, theirs, strict=True)]
        means = statistics.mean(ours), statistics.mean(theirs)
        print(f"{count:>6} {means[0]:>8.3f} {means[1]:>8.3f}  {interval(gaps)}")
    last = statistics.mean(best_after(seen, BUDGET) for seen in chance)
    needed = next(n for n in (*AFTER, BUDGET) if _mean_after(model, n) >= last or n == BUDGET)
    print(f"tpe is as good as {BUDGET} cells of chance after {needed} cells")
    fronts(landscape, repeats)


def _mean_after(every: Sequence[Sequence[Outcome]], count: int) -> float:
    return statistics.mean(best_after(seen, count) for seen in every)


def fronts(landscape: Landscape, repeats: int) -> None:
    """Print how much of quality and seconds at once the two searches cover."""
    model = [searched(landscape, "tpe", seed, both=True) for seed in range(repeats)]
    chance = [searched(landscape, "random", seed, both=True) for seed in range(repeats)]
    every = [outcome for seen in (*model, *chance) for outcome in seen]
    worst = Outcome(min(o.quality for o in every), max(o.seconds for o in every))
    ours = [hypervolume(seen, worst) for seen in model]
    theirs = [hypervolume(seen, worst) for seen in chance]
    gaps = [one / other - 1 for one, other in zip(ours, theirs, strict=True)]
    print(f"quality and seconds: hypervolume against chance {interval(gaps)}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", action="store_true", help="search the embedded engine")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--prompts", type=int, default=4, help="images per cell of the engine")
    told = parser.parse_args()
    if told.engine:
        engine = Engine(told.prompts)
        compared(engine.landscape(), told.repeats)
        print(f"{engine.drawn} images were drawn")
        return
    for landscape in planted():
        compared(landscape, told.repeats)


if __name__ == "__main__":
    main()
