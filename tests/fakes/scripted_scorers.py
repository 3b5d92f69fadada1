"""Scorers that the resident process opens in tests: plain sums, and pictures that kill.

The behaviour is in the picture: the value of its first pixel. No state, no mocks; the
process, the socket and the death are real.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_tiers import Bench, Opened, Opening
from darkroom.core.errors import DataError
from darkroom.core.scoring.measuring import measured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

KILLS, KILLS_ONCE, HELD, TOO_LARGE, HANGS_ONCE, SPOILT = 255, 254, 253, 252, 251, 250
_LONGEST_S = 60.0


class Scripted:
    """Measures the mean of the red values, unless the first pixel says otherwise."""

    def __init__(self, spec: MetricSpec, bench: Bench) -> None:
        self.specs = (spec,)
        self._folder = bench.weights

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        too_large = any(one.rgb[0, 0, 0] == TOO_LARGE for one in pictures)
        if too_large and (len(pictures) > 1 or self.specs[0].name == "noise"):
            raise MemoryError
        with (self._folder / "measured.log").open("a") as log:
            log.write(f"{self.specs[0].name} {len(pictures)} {os.getpid()}\n")
        return [[self._one(picture)] for picture in pictures]

    def _one(self, picture: Picture) -> Score:
        match int(picture.rgb[0, 0, 0]):
            case 255 if self.specs[0].name == "noise":
                os.kill(os.getpid(), signal.SIGKILL)
            case 254 if _first(self._folder / "killed"):
                os.kill(os.getpid(), signal.SIGKILL)
            case 253:
                _await(self._folder / "go")
            case 251 if _first(self._folder / "hung"):
                time.sleep(600)  # until it is killed
            case 250:
                raise DataError("embedding-weights-damaged", "is not what was shipped")
            case _:
                pass
        return measured(self.specs[0], float(picture.rgb[..., 0].mean()) / 255, ms=1.0)


def openings(specs: Sequence[MetricSpec], bench: Bench) -> list[Opening]:
    """Each metric by itself."""
    return [
        Opening((spec,), lambda spec=spec: Opened((spec,), Scripted(spec, bench), {}))
        for spec in specs
    ]


def deadly_openings(specs: Sequence[MetricSpec], bench: Bench) -> list[Opening]:
    """The first metric kills the process when it is opened."""

    def die() -> Opened:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return [Opening((specs[0],), die), *openings(specs[1:], bench)]


def no_openings(specs: Sequence[MetricSpec], bench: Bench) -> list[Opening]:
    """The process dies as soon as anybody says hello."""
    os._exit(1)


def _first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _await(mark: Path) -> None:
    """Until the test lets it go on."""
    until = time.monotonic() + _LONGEST_S
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.005)
