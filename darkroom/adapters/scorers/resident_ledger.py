"""What a client knows of the images it asks about, and what it writes down for the next time.

Owns how results become scores: only raw values of the expected weights are taken,
lasting ones go to the cache, passing ones do not. The conversation belongs to the
client.
"""

import hashlib
from collections.abc import Iterable, Sequence

from darkroom.adapters.scorers.cache import Key, Measurement, ScoreCache
from darkroom.adapters.scorers.resident_blame import indices_of
from darkroom.adapters.scorers.resident_frames import Message
from darkroom.adapters.scorers.resident_images import Asked
from darkroom.adapters.scorers.resident_place import ScoringPlace, code_stamp
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.scoring.measuring import unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

PUT_ASIDE = "put aside: the scoring process died twice while measuring it"
NOT_OPENED = "the scoring process died twice while opening this metric"
CHANGED = "the weights were changed while they were in use"


class Unit:
    """One image on its way, and the scores it has so far."""

    def __init__(self, number: int, asked: Asked, count: int) -> None:
        self.number = number
        self.asked = asked
        self.alone = False
        self.scores: list[Score | None] = [None] * count

    @property
    def wanted(self) -> list[int]:
        """The metrics still to be measured."""
        return [index for index, score in enumerate(self.scores) if score is None]

    def complete(self) -> list[Score]:
        """All scores; only once nothing is wanted any more."""
        return [score for score in self.scores if score is not None]


class Ledger:
    """The metrics of one client, what they lack, and what was measured before."""

    def __init__(self, place: ScoringPlace, specs: Sequence[MetricSpec]) -> None:
        folder = WeightsFolder(place.weights)
        self.specs = tuple(specs)
        self._digests = [_digest(spec, folder) for spec in self.specs]
        self._missing = [folder.why_not(spec) for spec in self.specs]
        self._code = code_stamp()
        self._cache = ScoreCache(place.cache)

    def close(self) -> None:
        """Let go of the cache."""
        self._cache.close()

    def recall(self, unit: Unit) -> None:
        """Fill in what cannot be measured at all and what was measured before."""
        self._without_missing(unit)
        keys = {index: self._key(unit, index) for index in unit.wanted}
        aside = {index: key.put_aside(self._code) for index, key in keys.items()}
        kept = self._cache.find([*keys.values(), *aside.values()])
        for index, key in keys.items():
            if known := kept.get(key) or kept.get(aside[index]):
                unit.scores[index] = known.as_score(self.specs[index])

    def take(self, unit: Unit, message: Message) -> None:
        """Enter the results of a message."""
        lasting: dict[Key, Measurement] = {}
        for text, said in message["scores"].items():
            index, score = int(text), Score.model_validate(said)
            known = Measurement.of(score)
            if score.raw is not None and not self._is_expected(index, score):
                known = Measurement(None, CHANGED)
            elif index not in message["passing"]:
                lasting[self._key(unit, index)] = known
            unit.scores[index] = known.as_score(self.specs[index])
        self._cache.keep(lasting)

    def put_aside(self, unit: Unit, steps: Iterable[str]) -> None:
        """Null what killed the process with this image on the bench, until our code changes."""
        self._without_missing(unit)
        lasting: dict[Key, Measurement] = {}
        for index in unit.wanted:
            if any(index in indices_of(step, len(self.specs)) for step in steps):
                known = Measurement(None, PUT_ASIDE)
                lasting[self._key(unit, index).put_aside(self._code)] = known
                unit.scores[index] = known.as_score(self.specs[index])
        self._cache.keep(lasting)

    def give_up(self, step: str) -> None:
        """Metrics whose opening kills the process are not tried again by this client."""
        for index in indices_of(step, len(self.specs)):
            self._missing[index] = NOT_OPENED

    def _is_expected(self, index: int, score: Score) -> bool:
        """Whether a value is of the weights in the folder; shipped ones cannot be others."""
        return self.specs[index].tier == "lite" or score.weights_sha256 == self._digests[index]

    def _without_missing(self, unit: Unit) -> None:
        for index in unit.wanted:
            if why := self._missing[index]:
                unit.scores[index] = unmeasured(self.specs[index], why)

    def _key(self, unit: Unit, index: int) -> Key:
        asked = unit.asked
        return Key.of(asked.sha256, self.specs[index], self._digests[index], asked.prompt)


def _digest(spec: MetricSpec, folder: WeightsFolder) -> str | None:
    """What must stay as it is for a measurement to be good: the weights, or what is shipped."""
    if spec.tier != "lite":
        return folder.digest_for(spec)
    # imported here: only those who ask for the lite tier need its weights
    from darkroom.adapters.scorers.lite.head import shipped_head
    from darkroom.adapters.scorers.lite.world import world_sha256

    return hashlib.sha256(f"{shipped_head().sha256} {world_sha256()}".encode()).hexdigest()
