"""What a judge is: it looks at an image and answers, compares and describes.

States the contract that the measuring judge and the model judge keep, and the
record every answer carries of who gave it and what it cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from darkroom.adapters.vision.chat import Usage
from darkroom.core.answers import Answer
from darkroom.core.config.rules import Criterion, Question
from darkroom.core.evaluation import Evaluation
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts

Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True)
class Asking:
    """Who was asked, how it went, and what it cost: S2's aivis_metadata."""

    provider: str
    model: str
    using_fallback: bool = False
    success: bool = True
    attempts: int = 1
    error: str | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Judged(Generic[Result]):
    """A result with the record of the asking; `raw` is the reply as it came, shortened."""

    result: Result
    asking: Asking
    raw: str | None = None


@dataclass(frozen=True)
class Comparison:
    """How alike two images are, from 0 to 1; None where the judge could not say."""

    similarity: float | None
    differences: tuple[str, ...] = ()
    analysis: str = ""


@dataclass(frozen=True)
class Wish:
    """What better prompts should achieve: S2-45's inputs to the text-only call."""

    prompts: Prompts
    evaluation: Evaluation
    failed: tuple[Criterion, ...]
    answers: Mapping[str, Answer]
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()


class Judge(Protocol):
    """One judge; every call ends within a bounded time, by result or VisionError."""

    def describe(self, image: bytes) -> Judged[str]:
        """Say in words what an image shows."""
        ...

    def answer(
        self, image: bytes, questions: Sequence[Question], original: str
    ) -> Judged[dict[str, Answer]]:
        """Answer the open questions of a rules file."""
        ...

    def verdicts(
        self,
        image: bytes,
        criteria: Sequence[Criterion],
        answers: Mapping[str, Answer],
        original: str,
    ) -> Judged[dict[str, Answer]]:
        """Answer the acceptance criteria."""
        ...

    def compare(self, original: bytes, image: bytes, description: str) -> Judged[Comparison]:
        """Say how alike two images are."""
        ...

    def improve(self, wish: Wish) -> Judged[Prompts]:
        """Write better prompts from what failed; looks at no image."""
        ...

    def suggest(
        self, settings: Settings, prompts: Prompts, comparison: Comparison, direction: str
    ) -> Judged[Settings]:
        """Suggest other settings for an image too similar or too different."""
        ...
