"""`python -m benchmarks.scoring.single WEIGHTS MODEL IMAGE`: one image in a process of its own."""

import sys
from pathlib import Path

from darkroom.adapters.scorers.pictures import decode
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_tiers import Bench, openings
from darkroom.adapters.scorers.specs import metric_table


def main() -> None:
    """Open, measure, print."""
    weights, model, image = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    spec = next(one for one in metric_table().in_tier("torch") if one.model == model)
    picture = decode(image.read_bytes())
    assert isinstance(picture, Picture)
    [opening] = openings([spec], Bench(weights, "cpu"))
    [[score]] = opening.open().score([picture])
    assert score.raw is not None, score.reason
    print(score.raw)


if __name__ == "__main__":
    main()
