"""Draw and judge the images of an experiment: jobs, what their sidecars say, what came of them.

Owns the step from an entry to an image that counts. Which entries, and what follows, is the
open run's.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from darkroom.core.errors import (
    ComfyUnreachable,
    DarkroomError,
    SidecarDamaged,
    StoreUnavailable,
    VisionError,
)
from darkroom.core.experiments.cells import Cell
from darkroom.core.experiments.deciding import Entry
from darkroom.core.fleet.budget import Budget
from darkroom.core.jobs import EngineReceipt
from darkroom.core.keys import RunKeys
from darkroom.experiments.history import Kept, add_event, plain_entries, read_kept
from darkroom.experiments.opening import Opened
from darkroom.experiments.spending import Limits
from darkroom.writepath.batch import BatchResult, Broke, OnResult
from darkroom.writepath.desk import Committed, Ended, Job, Stored, Waiting
from darkroom.writepath.fleet import Order, Slot, draw_fleet
from darkroom.writepath.fleet_finding import promise_at
from darkroom.writepath.fleet_terms import unheard
from darkroom.writepath.intents import Bag, Intent

STOPS = (ComfyUnreachable, StoreUnavailable, VisionError)
"""What the next image would meet as well."""
_WITHHELD = "order-withheld"


@dataclass(frozen=True)
class Wanted:
    """One image to draw."""

    entry: Entry
    cell: Cell
    """What is asked for; an attempt of a refinement asks for a little else than its entry."""
    iteration: int
    seed: int
    describes: Mapping[str, object]
    """Further parts of its sidecar."""


@dataclass(frozen=True)
class Taken:
    """An image that counts."""

    kept: Kept
    is_fresh: bool


Outcome: TypeAlias = Taken | str | DarkroomError
"""An image; or why there is none; or what stops everything."""


def ended_by(faults: Sequence[DarkroomError], limits: Limits) -> Limits:
    """The same limits, over once judge or store are away: every further image would meet that."""

    def is_over() -> bool:
        return limits.is_over() or any(not isinstance(e, ComfyUnreachable) for e in faults)

    return replace(limits, is_over=is_over)


def _otherwise(act: Callable[[], Taken]) -> Outcome:
    """What it gives, or what kept it from being judged: one damaged image stops no other."""
    try:
        return act()
    except STOPS as error:
        return error
    except DarkroomError as error:
        return f"{error.message} [{error.code}]"


@dataclass(frozen=True)
class ImageMaker:
    """Where the images of one run are made."""

    opened: Opened
    keys: RunKeys
    slot: Slot
    begun: Callable[[], None]
    """Told when a server takes an image on."""
    goes_on: bool = False
    """Whether images of the run may lie there that nothing is known of."""
    said: Callable[[str], None] = unheard
    """Told in a line when a server fails in the middle of it."""

    def draw(self, wanted: Sequence[Wanted], on_result: OnResult, limits: Limits) -> None:
        """Draw these on the servers that can; each is told as it comes.

        What the limits leave undrawn is told to nobody.
        """
        opened = self.opened
        budget = Budget(limits.images, limits.gpu_seconds)
        terms = replace(opened.terms, budget=budget, said=self.said)
        made = self._made(wanted) if self.goes_on else {}
        results = draw_fleet(
            [self._order(each, made.get(each.iteration)) for each in wanted],
            opened.desk,
            opened.hosts,
            answer=None if opened.judging.identity is None else self._answer,
            on_result=on_result,
            slot=self.slot,
            stop=limits.is_over,
            terms=terms,
        )
        broken = [each.error for each in results if isinstance(each, Broke)]
        withheld = [error for error in broken if error.code == _WITHHELD]
        is_limited = limits.is_over() or (limits.images, limits.gpu_seconds) != (None, None)
        if withheld and len(withheld) == len(results) and not is_limited:
            raise withheld[0]  # nothing came of any of them, and nothing would

    def outcome(self, wanted: Wanted, result: BatchResult, *, is_attempt: bool = False) -> Outcome:
        """What became of one image; an attempt is no end of its entry, and not entered as one."""
        match result:
            case Committed():
                return self._taken(wanted.entry, result, is_attempt=is_attempt)
            case Broke(_, error):
                if isinstance(error, STOPS):
                    return error
                return f"{error.message} [{error.code}]"
            case Ended(_, _, cause, message):
                return f"{cause}: {message}"
            case Waiting(_, _, reason):
                return reason

    def _judged(self, kept: Kept) -> Kept:
        """An image that was there: judged, if need be."""
        opened = self.opened
        if opened.counts(kept):
            return kept
        verdict = opened.judging.of_committed(opened.desk.store, kept.image)
        identity = opened.judging.identity
        return replace(kept, judging=identity, score=verdict.score, passed=verdict.passed)

    def entered(self, kept: Kept, kind: str, *, is_fresh: bool = False) -> Outcome:
        """An image that was there: judged if need be, and entered in this run."""
        return _otherwise(lambda: Taken(self._entered(self._judged(kept), kind), is_fresh))

    def _entered(self, kept: Kept, kind: str) -> Kept:
        content = {
            "entry": plain_entries([kept.entry])[0],
            "image": kept.image,
            "judging": kept.judging,
            "score": kept.score,
            "passed": kept.passed,
            "seconds": kept.seconds,
            "attempts": kept.attempts,
        }
        add_event(self.opened.desk, self.keys, kind, content)
        return kept

    def _taken(self, entry: Entry, done: Committed, *, is_attempt: bool) -> Outcome:
        kept = read_kept(self.opened.desk.store, entry, self.keys.run_id, done.image_key)
        if is_attempt:
            return _otherwise(lambda: Taken(self._judged(kept), done.fresh))
        is_ours = done.image_key.startswith(f"{self.keys.root}/")
        if not is_ours or not self.opened.counts(kept):
            return self.entered(kept, "found", is_fresh=done.fresh)
        return Taken(kept, done.fresh)

    def _made(self, wanted: Sequence[Wanted]) -> dict[int, Intent]:
        """What lies at their places already, an attempt or what a crash left: by which promise.

        It is found by the version that drew it, whatever the servers have become since.
        """
        store, found = self.opened.desk.store, dict[int, Intent]()
        there = set(store.iter_keys(f"{self.keys.root}/images/"))
        for number in (each.iteration for each in wanted):
            if (image := self.keys.image(number)) not in there:
                continue
            with suppress(SidecarDamaged):  # whoever draws it meets it again
                if (promise := promise_at(store, self.keys, image)) is not None:
                    found[number] = promise
        return found

    def _order(self, wanted: Wanted, made: Intent | None) -> Order:
        checked = self.opened.checked
        return Order(
            model=checked.checkpoint_of.get(wanted.entry.cell),
            job=lambda receipt: self._job(wanted, receipt, made),
            hosts=checked.hosts_of.get(wanted.entry.cell),
            prefers=made.host if made else None,
        )

    def _job(self, wanted: Wanted, receipt: EngineReceipt, made: Intent | None) -> Job:
        self.begun()
        base, entry = self.opened.base, wanted.entry
        prepared = base.prepared(base.graph_of(wanted.cell, wanted.seed), wanted.seed)
        # the same seed again is the same job, but for this
        again = f"; repeat {entry.repeat}" if entry.repeat > 1 else ""
        engine = made.engine if made else f"{receipt.engine}{again}"
        (job,) = prepared.jobs(self.keys, engine, self.opened.judging.asked)
        cell = wanted.cell
        described = {
            **job.describes,
            "experiment": {
                "name": self.opened.experiment.name,
                "cell": entry.cell,
                "labels": dict(cell.labels),
                "seed_index": entry.seed_index,
                "repeat": entry.repeat,
            },
            "variations": {name: cell.labels[name] for name in cell.variations},
            **wanted.describes,
        }
        return replace(job, iteration=wanted.iteration, describes=cast("Bag", described))

    def _answer(self, stored: Stored) -> Mapping[str, object]:
        """What the sidecar says of the judging; called from several threads."""
        verdict = self.opened.judging.of_stored(stored)
        place = cast("Bag", stored.intent.describes.get("experiment") or {})
        if not place:
            return verdict.parts
        identity = self.opened.judging.identity
        said = {"judging": identity, "score": verdict.score, "passed": verdict.passed}
        return {**verdict.parts, "experiment": {**place, **said}}
