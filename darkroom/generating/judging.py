"""Score what is drawn before it is committed, so that the sidecar holds its scores.

Owns which metrics are asked for one image, the sidecar's quality block and S0's validation
score, and the same for an image that was committed before anyone asked. Measures nothing
itself and writes nothing that lies in the store already.
"""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.scorers.resident_images import ImageToScore
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.jobs import EngineReceipt
from darkroom.core.scoring.metrics import MetricSpec, Tier
from darkroom.core.scoring.settings import Assessment
from darkroom.core.sidecar.judging import Quality, Score
from darkroom.generating.request import Request
from darkroom.scoring.configured import Scoring, scoring_of
from darkroom.scoring.measuring import Measuring, first_usable, measuring, of_dimension
from darkroom.scoring.stored import append, image_at, is_news, known
from darkroom.writepath.desk import Stored


@dataclass(frozen=True)
class Judgement:
    """What the scorers say of one image."""

    scores: tuple[Score, ...]
    assessment: Assessment | None
    """None where only the validation score was asked for."""
    validation_score: float | None
    validation_reason: str | None = None
    """Why there is none, where one was asked for."""

    @property
    def composite_score(self) -> float | None:
        """The composite, not rounded."""
        return self.assessment.value if self.assessment else None


class Jury:
    """The scorers one command works with; several threads may ask."""

    def __init__(
        self,
        bench: "_Bench",
        scoring: Scoring,
        validated_by: tuple[str, Tier] | None = None,
        *,
        rates: bool = True,
    ) -> None:
        self._bench = bench
        self._scoring = scoring
        self._validated_by = validated_by
        self._rates = rates
        self._just_made: dict[str, Judgement] = {}
        """By image key, so that nobody asks the store for what was said a moment ago."""

    @property
    def asked(self) -> dict[str, object]:
        """What the intent of a job says was asked for."""
        names = [f"{spec.tier}:{spec.name}" for spec in self._bench.specs]
        return {"scores": names, "validation": self._validated_by is not None}

    def of_picture(self, stored: Stored) -> Judgement:
        """Judge an image that is stored and not yet committed."""
        said = cast("dict[str, object]", stored.intent.describes.get("input") or {})
        prompt = cast("str | None", said.get("prompt")) or None
        picture = stored.picture
        made = self._judged(self._measured(picture.sha256, lambda: picture.data, prompt))
        self._just_made[stored.intent.image_key] = made
        return made

    def of_committed(self, store: Store, image_key: str) -> Judgement:
        """Judge a committed image by what the store says of it; what it lacks is appended."""
        if (just_made := self._just_made.pop(image_key, None)) is not None:
            return just_made
        found = known(store, image_at(store, image_key))
        scores = self._scoring.settled(found.scores)
        wanted = {(spec.name, spec.tier, spec.version) for spec in self._bench.specs}
        have = {(each.metric, each.tier, each.version) for each in scores if each.reason is None}
        if wanted <= have:
            return self._judged(scores)
        sha256 = found.sha256
        new = self._measured(sha256, lambda: read_verified(store, image_key, sha256), found.prompt)
        if is_news(found.scores, new):
            append(store, self._scoring, found, new)
        return self._judged(new)

    def forget(self, image_key: str) -> None:
        """Whatever became of the image, nobody asks for what was said a moment ago."""
        self._just_made.pop(image_key, None)

    def _measured(
        self, sha256: str, read: Callable[[], bytes], prompt: str | None
    ) -> tuple[Score, ...]:
        return self._bench.one(ImageToScore(sha256, read, prompt))

    def _judged(self, scores: tuple[Score, ...]) -> Judgement:
        found = self._scoring.assess(scores, self._scoring.tier) if self._rates else None
        score = next((s for s in scores if (s.metric, s.tier) == self._validated_by), None)
        if self._validated_by is None or score is None:
            return Judgement(scores, found, None)
        if score.raw is None:
            return Judgement(scores, found, None, score.reason)
        return Judgement(scores, found, min(1.0, max(0.0, score.raw)))


def parts_of(found: Judgement) -> Mapping[str, object]:
    """The judgement as parts of a sidecar."""
    rated = found.assessment
    quality = rated.quality(found.scores) if rated else Quality.from_scores(found.scores)
    return {"quality": quality, "validation_score": found.validation_score}


@contextmanager
def jury_of(lab: Lab, request: Request, receipt: EngineReceipt) -> Generator[Jury | None]:
    """The scorers a request asks for; None where it asks for none."""
    if not request.is_judged:
        yield None
        return
    scoring = scoring_of(lab, request.project).with_tier(request.tier)
    by = _validator(scoring, receipt) if request.validates else None
    groups = [scoring.specs(scoring.tier)] if request.scores else []
    if by is not None and not any(by in specs for specs in groups):
        groups.append((by,))
    validated_by = (by.name, by.tier) if by else None
    # a way to the scorers belongs to one thread; images arrive from several
    with ThreadPoolExecutor(1, "scoring") as own, ExitStack() as stack:

        def opened() -> tuple[Measuring, ...]:
            return tuple(stack.enter_context(measuring(scoring, specs)) for specs in groups)

        measures = own.submit(opened).result()
        try:
            yield Jury(_Bench(own, measures), scoring, validated_by, rates=request.scores)
        finally:
            closed = own.submit(stack.close)
            own.shutdown()  # not the result: a thread that is gone already would never give it
            if closed.done():
                closed.result()


def _validator(scoring: Scoring, receipt: EngineReceipt) -> MetricSpec | None:
    """The learned pair for what our engine drew, CLIP for everything else."""
    tiers: tuple[Tier, ...] = (scoring.tier, "torch", "onnx")
    if receipt.kind == EMBEDDED:
        tiers = ("lite",)
    found = [
        spec
        for tier in tiers
        for spec in of_dimension(scoring, tier, "prompt_adherence")
        if tier != "lite" or receipt.kind == EMBEDDED
    ]
    return first_usable(scoring, found)


class _Bench:
    """Measures in a thread of its own, whoever asks."""

    def __init__(self, own: Executor, measures: tuple[Measuring, ...]) -> None:
        self._own = own
        self._measures = measures

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        return tuple(spec for measure in self._measures for spec in measure.specs)

    def one(self, image: ImageToScore) -> tuple[Score, ...]:
        def measured() -> tuple[Score, ...]:
            return tuple(score for measure in self._measures for score in measure.one(image))

        return self._own.submit(measured).result()
