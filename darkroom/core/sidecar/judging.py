"""The parts of a sidecar that say how an image was judged, measured and arrived at.

Owns S2's iteration block, the scores and S3's quality and refinement blocks.
What a criterion's answer means is decided elsewhere; here it is only kept.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from darkroom.core.sidecar.fields import (
    MAX_ITEMS,
    MAX_ITERATION,
    Bag,
    Block,
    Count,
    FileName,
    Moment,
    Name,
    Sha256,
    Share,
    Text,
)

Dimension = Literal["technical", "aesthetic", "prompt_adherence", "detail"]
DIMENSIONS: tuple[Dimension, ...] = ("technical", "aesthetic", "prompt_adherence", "detail")
OutOfTen = Annotated[float, Field(ge=0.0, le=10.0)]
Normalised = Annotated[dict[Name, OutOfTen], Field(max_length=200)]
Grade = Literal["A", "B", "C", "D", "F"]


class Evaluation(Block):
    """The verdict on the acceptance criteria."""

    overall_score: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Criteria met, in percent; null when nobody could judge."""
    criteria_results: Annotated[dict[Name, bool | None], Field(max_length=MAX_ITEMS)] = Field(
        default_factory=dict[str, bool | None]
    )
    """Null is "unknown": it never counts as met."""
    probabilities: Annotated[dict[Name, Share], Field(max_length=MAX_ITEMS)] = Field(
        default_factory=dict[str, float]
    )
    """P(yes) per criterion, where the judge gave one."""


class Comparison(Block):
    """How the image differs from the one it was made from."""

    similarity_score: Share | None = None
    differences: Annotated[tuple[Text, ...], Field(strict=False, max_length=MAX_ITEMS)] = ()
    analysis: Text = ""


class JudgeReceipt(Block):
    """Who judged, whether as a fallback, and after how many attempts."""

    provider: Name | None = None
    model: Name | None = None
    using_fallback: bool = False
    success: bool = True
    attempts: Annotated[int, Field(ge=0, le=1000)] = 1
    error: Text | None = None


class PromptsUsed(Block):
    """The prompts of this iteration, after improvement."""

    positive: Text = ""
    negative: Text = ""


class Iteration(Block):
    """One generate, judge, decide step of a run, as S2 records it."""

    iteration: Annotated[int, Field(ge=1, le=MAX_ITERATION)]
    timestamp: Moment | None = None
    image_path: FileName | None = None
    """Relative to the project."""
    parameters_used: Bag = Field(default_factory=Bag)
    questions: Bag = Field(default_factory=Bag)
    evaluation: Evaluation | None = None
    comparison: Comparison | None = None
    aivis_metadata: JudgeReceipt | None = None
    prompts_used: PromptsUsed | None = None


class Score(Block):
    """One metric's measurement of the image, or the reason there is none."""

    metric: Name
    dimension: Dimension | None = None
    version: Name | None = None
    tier: Literal["lite", "onnx", "torch", "unknown"] = "unknown"
    """Never mixed: the same metric in two tiers is two scores."""
    raw: float | None = None
    normalised: OutOfTen | None = None
    calibration: Name | None = None
    weights_sha256: Sha256 | None = None
    ms: Annotated[float, Field(ge=0.0, le=1e9)] | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _measured_or_explained(self) -> Self:
        measured = self.raw is not None or self.normalised is not None
        if measured == (self.reason is not None):
            raise ValueError("a score has a value, or a reason why it has none")
        return self


def blocks_of(scores: tuple[Score, ...]) -> dict[Dimension, dict[str, float]]:
    """S3's four blocks: normalised values by metric; the first score of a metric counts."""
    blocks: dict[Dimension, dict[str, float]] = {name: {} for name in DIMENSIONS}
    for score in scores:
        if score.dimension is not None and score.normalised is not None:
            blocks[score.dimension].setdefault(score.metric, score.normalised)
    return blocks


class Quality(Block):
    """All measurements and what they come to; build it with `from_scores`."""

    composite_score: OutOfTen | None = None
    """Not rounded."""
    grade: Grade | None = None
    coverage: Share | None = None
    """The share of the composite's weight that was really measured."""
    technical: Normalised = Field(default_factory=dict[str, float])
    aesthetic: Normalised = Field(default_factory=dict[str, float])
    prompt_adherence: Normalised = Field(default_factory=dict[str, float])
    detail: Normalised = Field(default_factory=dict[str, float])
    scores: Annotated[tuple[Score, ...], Field(strict=False, max_length=MAX_ITEMS)] = ()

    @classmethod
    def from_scores(
        cls,
        scores: tuple[Score, ...],
        composite_score: float | None = None,
        grade: Grade | None = None,
        coverage: float | None = None,
    ) -> "Quality":
        """Fill S3's four blocks from the list of scores."""
        return cls(
            composite_score=composite_score,
            grade=grade,
            coverage=coverage,
            scores=scores,
            **blocks_of(scores),
        )

    @model_validator(mode="after")
    def _blocks_agree_with_scores(self) -> Self:
        for name, values in blocks_of(self.scores).items():
            if getattr(self, name) != values:
                raise ValueError(f"{name} does not agree with the list of scores")
        return self


class Refinement(Block):
    """Where this image stands in a series of attempts."""

    attempt: Annotated[int, Field(ge=1, le=MAX_ITERATION)]
    max_attempts: Annotated[int, Field(ge=1, le=MAX_ITERATION)]
    strategy: Name | None = None
    previous_scores: Annotated[
        tuple[OutOfTen | None, ...], Field(strict=False, max_length=MAX_ITEMS)
    ] = ()
    status: Literal["success", "best_effort"] | None = None


class Cost(Block):
    """What the image cost, all attempts of this job included."""

    seconds: Annotated[float, Field(ge=0.0, le=1e9)] | None = None
    gpu_seconds: Annotated[float, Field(ge=0.0, le=1e9)] | None = None
    calls: Count | None = None
    """Requests to a vision or language model."""
    tokens_in: Count | None = None
    tokens_out: Count | None = None
