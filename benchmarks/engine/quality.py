"""Print how good the shipped engine, judge and pair are, beside the bars of issue 3.

    python -m benchmarks.engine.quality [--number 150] [--only obedience speed ...]

`--number` scales the sets: it is the number of prompts of a share with a bar.
"""

import argparse
from collections.abc import Callable, Iterator

from benchmarks.engine import experiments, reading
from benchmarks.engine.experiments import Row

PARTS: dict[str, tuple[Callable[[int], Iterator[Row]], float]] = {
    "speed": (experiments.speed, 1.0),
    "obedience": (experiments.obedience, 1.0),
    "biases": (experiments.biases, 0.3),
    "surface": (experiments.surface, 0.2),
    "walks": (experiments.walks, 0.15),
    "img2img": (experiments.from_a_picture, 0.25),
    "negatives": (experiments.negatives, 0.25),
    "style": (experiments.style, 0.3),
    "judge": (reading.judge, 0.4),
    "pair": (reading.pair, 1.0),
}


def main() -> None:
    """Run the wanted parts and print one line per row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=150)
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    arguments = parser.parse_args()
    for name in arguments.only:
        part, scale = PARTS[name]
        for row in part(max(4, round(arguments.number * scale))):
            verdict = {True: "ok", False: "MISSED", None: ""}[row.ok]
            print(f"{row.what:<44} {row.value:<42} {row.bar:<14} {verdict}", flush=True)


if __name__ == "__main__":
    main()
