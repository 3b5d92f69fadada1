"""Scores from the resident process: what flows, tools and doors talk to.

Owns the conversation: a window of pictures in flight, and what to do when the
process dies. What is known already is the ledger's; nothing is measured here. One
client is for one thread; any number of clients may share a process and a cache.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

from pydantic import TypeAdapter

from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_blame import Blame
from darkroom.adapters.scorers.resident_frames import Broken, Message, Silent, receive, send
from darkroom.adapters.scorers.resident_images import Asked, ImageToScore, encoded, image_of, pixels
from darkroom.adapters.scorers.resident_ledger import Ledger, Unit
from darkroom.adapters.scorers.resident_place import ScoringPlace
from darkroom.adapters.scorers.resident_process import Conversation, ResidentProcess, last_words
from darkroom.core.errors import OutsideError
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

__all__ = ["ImageToScore", "ScoringClient", "ScoringPlace", "image_of"]

WINDOW = 16
"""Pictures in flight at most."""
MAX_FRUITLESS = 3
"""Deaths of the process in a row without a result between them."""
_SPECS = TypeAdapter(tuple[MetricSpec, ...])

OnScored = Callable[[int, list[Score]], None]


class ScoringClient:
    """Implements `Scorer`: the same scores, measured in the one process of this device.

    Starts the process when there is none, starts it again when it dies, and puts a
    picture aside (null with a reason) that kills it twice. What was measured before is
    answered from the cache without touching the image or the process.
    """

    def __init__(self, place: ScoringPlace, specs: Sequence[MetricSpec]) -> None:
        self._place = place
        self._specs_json = _SPECS.dump_json(tuple(specs)).decode()
        self._ledger = Ledger(place, specs)
        self._process = ResidentProcess(place)
        self._talk: Conversation | None = None
        self._blame = Blame()
        self._fruitless = 0

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        """The metrics, in the order of the scores."""
        return self._ledger.specs

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each decoded picture one score per spec, in the order of `specs`."""
        return self._all(map(pixels, pictures), None)

    def score_images(
        self, images: Iterable[ImageToScore], on_scored: OnScored | None = None
    ) -> list[list[Score]]:
        """The same for encoded images (decoded over there, in threads; a few at a time).

        `images` may be a generator of any length: only a window of it is held.
        `on_scored(index, scores)` is called as each one is complete, in any order: commit there.
        A file that is no image gives null with the reason for every metric.
        """
        return self._all(map(encoded, images), on_scored)

    def close(self) -> None:
        """Let go of the process (it ends itself later) and of the cache."""
        self._hang_up()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, asked: Iterable[Asked], on_scored: OnScored | None) -> list[list[Score]]:
        found: dict[int, list[Score]] = {}
        count = len(self.specs)
        units = (Unit(number, one, count) for number, one in enumerate(asked))
        try:
            for unit in self._completed(units):
                found[unit.number] = scores = unit.complete()
                if on_scored is not None:
                    on_scored(unit.number, scores)
        except BaseException:
            self._hang_up()  # answers to this question must not meet the next one
            raise
        return [found[number] for number in sorted(found)]

    def _completed(self, units: Iterator[Unit]) -> Iterator[Unit]:
        """The units, as they are done; after a death in another order than they came."""
        run = _Run(units)
        while True:
            yield from self._topped_up(run)
            if run.is_over:
                return
            if run.flight and (done := self._next_done(run)):
                yield done

    def _topped_up(self, run: "_Run") -> Iterator[Unit]:
        """Send until the window is full; yields the units of which all is known already."""
        while run.has_room and (unit := run.next_unit()):
            self._ledger.recall(unit)
            if not unit.wanted:
                yield unit
                continue
            run.flight[unit.number] = unit
            if not self._sent(unit):
                self._bury(run, "it hung up")

    def _next_done(self, run: "_Run") -> Unit | None:
        try:
            return self._heard(run.flight)
        except Silent as silent:
            if self._talk is not None:
                self._talk.kill()
            self._bury(run, str(silent))
        except Broken as broken:
            self._bury(run, str(broken))
        return None

    def _sent(self, unit: Unit) -> bool:
        if self._talk is None:
            self._talk = self._process.converse(self._specs_json)
        data, shape = unit.asked.read()
        message: Message = {
            "op": "score",
            "id": unit.number,
            "wanted": unit.wanted,
            "alone": unit.alone,
            "sha256": unit.asked.sha256,
            "prompt": unit.asked.prompt,
            "shape": shape,
        }
        try:
            send(self._talk.sock, message, data)
        except Broken:
            return False
        return True

    def _heard(self, flight: dict[int, Unit]) -> Unit | None:
        """Act on one message; returns the unit that is complete with it."""
        if self._talk is None:
            raise Broken("nobody is there")
        message = receive(self._talk.sock)
        match message["op"]:
            case "begin":
                self._blame.begun(message["work"], message["step"])
            case "scores":
                self._fruitless = 0
                self._blame.finished(message["id"])
                self._ledger.take(flight[message["id"]], message)
            case "done":
                return flight.pop(message["id"])
            case _:
                pass
        return None

    def _bury(self, run: "_Run", why: str) -> None:
        """After a death: put the guilty aside, and line the others up again."""
        flight = run.flight
        self._drain(flight)
        self._hang_up()
        self._blame.died({number: unit.asked.sha256 for number, unit in flight.items()})
        self._fruitless += 1
        for step in self._blame.deadly_openings():
            self._ledger.give_up(step)
            self._fruitless = 0
        for unit in flight.values():
            unit.alone = self._blame.is_suspect(unit.asked.sha256)
            if guilty := self._blame.guilty_steps(unit.asked.sha256):
                self._ledger.put_aside(unit, guilty)
                self._fruitless = 0
        run.line_up_again()
        if self._fruitless > MAX_FRUITLESS:
            raise OutsideError(
                "scoring-died",
                f"the scoring process died {self._fruitless} times without a result"
                f" ({why}){last_words(self._place)}",
                where=str(self._place.log),
            )

    def _drain(self, flight: dict[int, Unit]) -> None:
        """Hear what a process said before it died; its last words tell who is to blame."""
        while True:
            try:
                self._heard(dict(flight))
            except Broken:
                return

    def _hang_up(self) -> None:
        if self._talk is not None:
            self._talk.close()
            self._talk = None


class _Run:
    """The units of one question: those to come, those sent, those to be sent again."""

    def __init__(self, units: Iterator[Unit]) -> None:
        self._units = units
        self._again: deque[Unit] = deque()
        self.is_over = False
        self.flight: dict[int, Unit] = {}

    @property
    def has_room(self) -> bool:
        """Whether another unit may be sent; a suspect is sent alone."""
        if any(unit.alone for unit in self.flight.values()):
            return False
        if self._again and self._again[0].alone:
            return not self.flight
        return len(self.flight) < WINDOW

    def next_unit(self) -> Unit | None:
        """The next unit to send, those for the second time first."""
        unit = self._again.popleft() if self._again else next(self._units, None)
        self.is_over = unit is None and not self.flight
        return unit

    def line_up_again(self) -> None:
        """Take back all that were sent, the suspects last."""
        self._again.extendleft(sorted(self.flight.values(), key=lambda unit: not unit.alone))
        self.flight.clear()
