"""What an experiment's run is asked to do: the parameters of the flow, and its form.

Owns names, bounds and descriptions. Holds no secret.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName

ExperimentName = Annotated[
    str,
    Field(
        description="A file under projects/NAME/experiments/, without its ending.",
        min_length=1,
        max_length=64,
        pattern=r"^[a-z0-9][a-z0-9_-]*$",
        examples=["first"],
    ),
]


class ExperimentOptions(BaseModel):
    """How to go about it; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    resume: bool = Field(
        default=False,
        title="Only go on",
        description="Only go on with a run that did not come to its end.",
    )
    is_test: bool = Field(
        default=False, title="A test", description="Mark the images as tests; searches skip them."
    )

    def of(self, project: str, name: str) -> "ExperimentParams":
        """The same, for this experiment."""
        return ExperimentParams(project=project, name=name, **dict(self))


class ExperimentParams(ExperimentOptions):
    """Draw what is missing of an experiment, judge it, and say what its cells scored."""

    project: ProjectName
    name: ExperimentName

    @property
    def experiment(self) -> str:
        """How a person calls it."""
        return f"{self.project}/{self.name}"
