"""What the resident process does to pictures: decode them, measure them, say what it is at.

Owns the one thread that measures, and the telling before each risky step, so that
the other side knows which picture was on the bench when a process dies. Sockets
and queues belong to the server.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from darkroom.adapters.scorers.pictures import decode
from darkroom.adapters.scorers.protocol import Picture, Unscorable
from darkroom.adapters.scorers.resident_blame import DECODING
from darkroom.adapters.scorers.resident_frames import Message
from darkroom.adapters.scorers.resident_tiers import Opened, Opening
from darkroom.core.errors import DarkroomError
from darkroom.core.scoring.measuring import unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

NO_MEMORY = "there was not enough memory to measure this picture"
_RGB = 3

Openings = Callable[[Sequence[MetricSpec]], list[Opening]]


class Listener(Protocol):
    """Who asked for a measurement."""

    specs: tuple[MetricSpec, ...]
    openings: list[Opening]
    is_open: bool

    def tell(self, message: Message) -> None:
        """Send a message from any thread; returns when the other side can read it."""
        ...


@dataclass
class Work:
    """One picture, the metrics wanted of it, and who wants them."""

    listener: Listener
    number: int
    wanted: frozenset[int]
    """Indices into the listener's specs."""
    alone: bool
    sha256: str
    prompt: str | None
    shape: tuple[int, int] | None
    """Height and width where `data` are pixels; None where it is an image file."""
    data: bytes = field(repr=False)
    picture: Picture | Unscorable | None = field(default=None, repr=False)


def decode_work(work: Work) -> None:
    """Make the picture out of the bytes; runs in several threads at once."""
    work.listener.tell({"op": "begin", "work": [work.number], "step": DECODING})
    work.picture = _decoded(work)
    work.data = b""


def _decoded(work: Work) -> Picture | Unscorable:
    if work.shape is None:
        picture = decode(work.data, work.prompt)
        if picture.sha256 != work.sha256:
            return Unscorable("the bytes are not those of the digest they came with", work.sha256)
        return picture
    if len(work.data) != work.shape[0] * work.shape[1] * _RGB:
        return Unscorable("the pixels are not as many as the picture's size says", work.sha256)
    rgb = np.frombuffer(work.data, np.uint8).reshape(*work.shape, _RGB)
    return Picture(rgb, work.sha256, work.prompt)


class Bench:
    """The scorers that were opened so far; for the one measuring thread."""

    def __init__(self) -> None:
        self._scorers: dict[str, Opened] = {}

    def measure(self, batch: list[Work]) -> None:
        """Measure a batch of one listener, group by group, and tell each result at once."""
        listener = batch[0].listener
        for work in batch:
            if isinstance(work.picture, Unscorable):
                why = work.picture.reason
                _tell(work, {i: unmeasured(listener.specs[i], why) for i in work.wanted})
        measurable = [work for work in batch if isinstance(work.picture, Picture)]
        for opening in listener.openings:
            indices = [listener.specs.index(spec) for spec in opening.specs]
            if measurable and not batch[0].wanted.isdisjoint(indices):
                self._measure_group(opening, indices, measurable)
        for work in batch:
            listener.tell({"op": "done", "id": work.number})

    def _measure_group(self, opening: Opening, indices: list[int], batch: list[Work]) -> None:
        listener, step = batch[0].listener, ",".join(str(index) for index in indices)
        scorer = self._scorers.get(opening.key)
        if scorer is None:
            listener.tell({"op": "begin", "work": [], "step": step})
            scorer = self._scorers[opening.key] = opening.open()
        listener.tell({"op": "begin", "work": [work.number for work in batch], "step": step})
        pictures = [work.picture for work in batch if isinstance(work.picture, Picture)]
        for work, (scores, is_passing) in zip(batch, _scored(scorer, pictures), strict=True):
            found = dict(zip(indices, scores, strict=True))
            passing = [i for i, one in found.items() if is_passing or one.metric in scorer.missing]
            _tell(work, {i: one for i, one in found.items() if i in work.wanted}, passing)


def _scored(scorer: Opened, pictures: Sequence[Picture]) -> list[tuple[list[Score], bool]]:
    """The scores of each picture, and whether they may be others the next time."""
    try:
        return [(scores, False) for scores in scorer.score(pictures)]
    except MemoryError:
        if len(pictures) > 1:
            return [one for picture in pictures for one in _scored(scorer, [picture])]
        why = NO_MEMORY
    except DarkroomError as error:  # such as shipped weights that are damaged
        why = f"{error.message} ({error.code}; {error.hint})"
    return [([unmeasured(spec, why) for spec in scorer.specs], True) for _ in pictures]


def _tell(work: Work, scores: Mapping[int, Score], passing: Iterable[int] = ()) -> None:
    """Send results; passing ones may be otherwise the next time, and are not kept."""
    found = {
        str(index): score.model_dump(mode="json", exclude_none=True)
        for index, score in scores.items()
    }
    said: Message = {"op": "scores", "id": work.number, "scores": found, "passing": list(passing)}
    work.listener.tell(said)
