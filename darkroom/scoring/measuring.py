"""Have images measured by the resident process, under the calibration in use.

Owns the way from images to settled scores, and which metrics of a tier can run at all.
Keeps nothing: what was measured before is known over there.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

from darkroom.adapters.scorers.resident_client import ScoringClient
from darkroom.adapters.scorers.resident_images import ImageToScore
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.errors import DarkroomError, StoreUnavailable, UsageError
from darkroom.core.scoring.metrics import MetricSpec, Tier
from darkroom.core.sidecar.judging import Dimension, Score
from darkroom.scoring.configured import Scoring
from darkroom.scoring.targets import Bad, Found, Target

OnScored: TypeAlias = Callable[[int, tuple[Score, ...]], None]
OnFound: TypeAlias = Callable[[int, Found, tuple[Score, ...]], None]
"""Told the place in the line, what stood there (now bad, if it proved so) and its scores."""


Bar: TypeAlias = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows how far something long is: opened with its name and length, moved on by n."""


@contextmanager
def no_bar(_label: str, _total: int | None) -> Generator[Callable[[int], None]]:
    """Nobody watches."""
    yield lambda _count: None


class Measuring:
    """An open way to the scorers of one tier."""

    def __init__(self, client: ScoringClient, scoring: Scoring) -> None:
        self._client = client
        self.scoring = scoring

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        """What is measured."""
        return self._client.specs

    def one(self, image: ImageToScore) -> tuple[Score, ...]:
        """The scores of one image."""
        return self.all([image])[0]

    def all(
        self, images: Iterable[ImageToScore], on_scored: OnScored | None = None
    ) -> list[tuple[Score, ...]]:
        """The scores of each image, told as each is complete."""

        def tell(index: int, scores: list[Score]) -> None:
            if on_scored is not None:
                on_scored(index, self.scoring.settled(scores))

        return [self.scoring.settled(scores) for scores in self._client.score_images(images, tell)]

    def found(self, found: Iterable[Found], tell: OnFound) -> None:
        """Measure what was found; what is bad, or cannot be read after all, stops no other."""
        line: list[tuple[int, Target, _Careful]] = []

        def images() -> Iterator[ImageToScore]:
            for number, each in enumerate(found):
                if isinstance(each, Bad):
                    tell(number, each, ())
                    continue
                read = _Careful(each.image.read)
                line.append((number, each, read))
                yield replace(each.image, read=read)

        def scored(index: int, scores: tuple[Score, ...]) -> None:
            number, target, read = line[index]
            if read.error is None:
                tell(number, target, scores)
            else:
                tell(number, Bad(target.name, f"{read.error.message} [{read.error.code}]"), ())

        self.all(images(), scored)


class _Careful:
    """Reads an image's bytes, or none, and keeps why."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self.error: DarkroomError | None = None

    def __call__(self) -> bytes:
        try:
            return self._read()
        except StoreUnavailable:
            raise  # the next image would meet the same wall
        except DarkroomError as error:
            self.error = error
            return b""


@contextmanager
def measuring(scoring: Scoring, specs: Sequence[MetricSpec] | None = None) -> Generator[Measuring]:
    """Open the way to the scorers of the tier in use, or to those of some metrics."""
    with ScoringClient(scoring.place, specs or scoring.specs(scoring.tier)) as client:
        yield Measuring(client, scoring)


@dataclass(frozen=True)
class Runnable:
    """Which metrics of a tier can run here."""

    specs: tuple[MetricSpec, ...]
    digests: dict[str, str | None]
    """The weights of each metric, by its name."""
    left_out: dict[str, str]
    """Why the others cannot."""


def runnable(scoring: Scoring, tier: Tier, only: Sequence[str] = ()) -> Runnable:
    """Look whether each metric has its weights; refuse where none has."""
    folder = WeightsFolder(scoring.place.weights)
    specs = [spec for spec in scoring.specs(tier) if not only or spec.name in only]
    unknown = set(only) - {spec.name for spec in specs}
    if unknown:
        message = f"tier {tier} has no metric {', '.join(sorted(unknown))}"
        raise UsageError("scores-metric-unknown", message)
    left_out = {spec.name: why for spec in specs if (why := folder.why_not(spec)) is not None}
    there = tuple(spec for spec in specs if spec.name not in left_out)
    if not there:
        first = next(iter(left_out.values()), "it is empty")
        raise UsageError("scores-tier-unusable", f"no metric of tier {tier} can run: {first}")
    return Runnable(there, {spec.name: folder.digest_for(spec) for spec in there}, left_out)


def of_dimension(scoring: Scoring, tier: Tier, dimension: Dimension) -> tuple[MetricSpec, ...]:
    """The metrics of one dimension that count."""
    specs = scoring.specs(tier)
    return tuple(spec for spec in specs if spec.dimension == dimension and spec.counts)


def first_usable(scoring: Scoring, specs: Sequence[MetricSpec]) -> MetricSpec | None:
    """The first metric whose weights are there; else the first, which will say why not."""
    folder = WeightsFolder(scoring.place.weights)
    usable = (spec for spec in specs if folder.why_not(spec) is None)
    return next(usable, next(iter(specs), None))
