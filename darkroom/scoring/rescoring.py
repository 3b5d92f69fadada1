"""Measure what images in the store lack, and append it: `darkroom rescore` and its flow.

Owns which images lack what, and the order: the newest document of an image is read first
and is usually enough. Resumable at any point, because what is appended is no longer lacking.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from darkroom.adapters.projects import project_names
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DarkroomError, StoreUnavailable
from darkroom.core.keys import UNNAMED_PROJECT
from darkroom.core.scoring.metrics import MetricSpec, Tier
from darkroom.core.sidecar.judging import Score
from darkroom.scoring.configured import Scoring, scoring_of
from darkroom.scoring.measuring import Bar, Measuring, Runnable, measuring, no_bar, runnable
from darkroom.scoring.stored import (
    Known,
    StoredImage,
    append,
    images_under,
    is_news,
    known_unless,
)
from darkroom.scoring.targets import Bad, Found, stored_target
from darkroom.writepath.opening import opened_desk

BATCH = 64


class RescoreOptions(BaseModel):
    """What to measure, and with which scorers."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tier: Tier | None = Field(
        default=None, description="Which scorers measure; left out, the configured tier."
    )
    metrics: list[str] = Field(
        default_factory=list,
        description="Only these metrics; left out, all of the tier that can run.",
        max_length=100,
    )

    def of(self, project: str | None) -> "RescoreParams":
        """The same, for one project, or for every project and what belongs to none."""
        return RescoreParams(project=project, **dict(self))


class RescoreParams(RescoreOptions):
    """Measure what images in the store lack."""

    project: str | None = Field(default=None, max_length=64)


@dataclass
class RescoreReport:
    """What came of it; grows while it goes on."""

    tier: Tier
    images: int = 0
    complete: int = 0
    """Lacked nothing."""
    scored: int = 0
    unscorable: int = 0
    """Lack something that cannot be measured, now as before."""
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    """Why not, and in how many images."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Images that could not be read, and why."""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Metrics that cannot run here, and why."""


class Rescoring:
    """An open laboratory with something to measure; used as a context manager."""

    def __init__(self, params: RescoreParams) -> None:
        self._params = params
        self._stack = ExitStack()
        lab = open_lab()
        desk = self._stack.enter_context(opened_desk(lab))
        self.store: Store = desk.store
        self._projects = [params.project] if params.project else _projects(lab)
        base = scoring_of(lab, params.project).with_tier(params.tier)
        self._scorings = {name: _scoring(lab, name, base, params) for name in self._projects}
        self.able: Runnable = runnable(base, base.tier, params.metrics)
        self.report = RescoreReport(base.tier, left_out=self.able.left_out)
        self._measure: Measuring = self._stack.enter_context(measuring(base, self.able.specs))

    def listed(self) -> list[StoredImage]:
        """Every image of the projects asked for; one listing each."""
        found: list[StoredImage] = []
        for name in self._projects:
            found += images_under(self.store, f"{name}/working/")
        self.report.images = len(found)
        return found

    def score(
        self, images: Sequence[StoredImage], done: Callable[[int], None] = lambda _count: None
    ) -> RescoreReport:
        """Measure what these lack and append it; one that fails stops no other."""

        def tell(_number: int, each: Found, scores: tuple[Score, ...]) -> None:
            if isinstance(each, Bad):
                self.report.failed[each.name] = each.reason
            elif each.known is not None and self._append(each.known, scores):
                self.report.scored += 1
            else:
                self.report.unscorable += 1
                self._count_reasons(scores)
            done(1)

        self._measure.found(self._lacking(images, done), tell)
        return self.report

    def _lacking(
        self, images: Iterable[StoredImage], done: Callable[[int], None]
    ) -> Iterator[Found]:
        for image in images:
            found = self._found(image)
            if found is None:
                self.report.complete += 1
                done(1)
            else:
                yield found

    def _found(self, image: StoredImage) -> Found | None:
        """The image where it lacks something, or what is wrong with it."""
        try:
            found = known_unless(self.store, image, self._is_enough)
            if found is None or self._is_all_there_can_be(found):
                return None
            return stored_target(found, self.store)
        except StoreUnavailable:
            raise  # the next image would meet the same wall
        except DarkroomError as error:
            return Bad(image.key, f"{error.message} [{error.code}]")

    def _is_enough(self, scores: Sequence[Score]) -> bool:
        return not self._lacks(scores)

    def _lacks(self, scores: Sequence[Score]) -> list[MetricSpec]:
        """The metrics without a value by the weights that are there now."""
        have = [score for score in scores if score.reason is None]
        return [spec for spec in self.able.specs if not any(self._is_by(spec, s) for s in have)]

    def _is_by(self, spec: MetricSpec, score: Score) -> bool:
        if (score.metric, score.tier, score.version) != (spec.name, spec.tier, spec.version):
            return False
        # weights that come with Darkroom change with the metric's version
        digest = self.able.digests[spec.name]
        return digest is None or score.weights_sha256 == digest

    def _is_all_there_can_be(self, found: Known) -> bool:
        """Whether the image is too small for all it lacks, and that has been said once."""
        said = {(score.metric, score.tier) for score in found.scores}
        width, height = found.sidecar.identity.width, found.sidecar.identity.height
        side = min(width, height) if width and height else None
        return all(
            (spec.name, spec.tier) in said and side is not None and side < spec.min_side
            for spec in self._lacks(found.scores)
        )

    def _count_reasons(self, scores: Sequence[Score]) -> None:
        for reason in {score.reason for score in scores if score.reason is not None}:
            self.report.reasons[reason] = self.report.reasons.get(reason, 0) + 1

    def _append(self, before: Known, scores: tuple[Score, ...]) -> bool:
        if not is_news(before.scores, scores):
            return False
        project = before.key.partition("/")[0]
        append(self.store, self._scorings[project], before, scores)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _scoring(lab: Lab, name: str, base: Scoring, params: RescoreParams) -> Scoring:
    """A project's own calibration and weights count for its images."""
    if name in {UNNAMED_PROJECT, params.project}:
        return base
    return scoring_of(lab, name).with_tier(base.tier)


def _projects(lab: Lab) -> list[str]:
    return [*project_names(lab), UNNAMED_PROJECT]


def batches(images: Sequence[StoredImage], size: int = BATCH) -> list[Sequence[StoredImage]]:
    """The images in groups, each one step of the flow."""
    return [images[start : start + size] for start in range(0, len(images), size)]


def rescore(params: RescoreParams, bar: Bar = no_bar) -> RescoreReport:
    """All of it in this process, without a scheduler."""
    with Rescoring(params) as work:
        images = work.listed()
        with bar("rescoring", len(images)) as advance:
            return work.score(images, advance)
