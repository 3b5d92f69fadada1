"""What the flow `patterns` takes: the form that Prefect's pages show."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from darkroom.archive.patterns.asking import Question
from darkroom.archive.patterns.trying import MOST_COUNT, USUAL_COUNT
from darkroom.core.config.forms import ProjectName
from darkroom.core.patterns import Limits


class PatternsOptions(BaseModel):
    """Which failure patterns to look for, and whether to try them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    model: str | None = None
    """Only images of this model."""
    min_occurrences: Annotated[int, Field(ge=1)] = 10
    """A pattern has at least so many judged images."""
    failure_threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """A pattern may fail at least at this rate."""
    confirm: bool = False
    """Draw fresh images with and without each candidate."""
    images: Annotated[int, Field(ge=1, le=MOST_COUNT)] = USUAL_COUNT
    """So many on each side of a trial."""

    def of(self, project: str | None) -> "PatternsParams":
        """The same, over one project's images, or over all."""
        return PatternsParams(project=project, **dict(self))


class PatternsParams(PatternsOptions):
    """The same, and over which images."""

    project: ProjectName | None = None
    """Only images of this project."""

    @property
    def question(self) -> Question:
        """What is asked of the warehouse."""
        limits = Limits(self.min_occurrences, self.failure_threshold)
        return Question(self.model, self.project, limits)
