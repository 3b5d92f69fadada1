"""What a run is asked to do: the parameters of the flow, and the form a person fills in.

Owns names, bounds and descriptions. Holds no secret: keys come from the environment of
whoever executes the run, and a `sets` entry that names one is refused when it is read.
"""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName
from darkroom.core.ranking import RankingMode


class IterateOptions(BaseModel):
    """How to go about it; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rules: str | None = Field(
        default=None,
        title="Other rules",
        description="A rules file instead of the project's: a path, or the name of a shipped one.",
        max_length=1024,
    )
    input: str | None = Field(
        default=None,
        title="Other input image",
        description="A path on the machine that carries the run out, instead of input/input.png.",
        max_length=1024,
    )
    resume_from: int | None = Field(
        default=None,
        title="Resume from iteration",
        description="Decide again from this iteration of the last run on; earlier ones count. "
        "Left empty, an open run simply goes on.",
        ge=1,
        le=1_000_000,
    )
    reset: bool = Field(
        default=False,
        title="Begin anew",
        description="Archive the last run, finished or not, and begin a new one.",
    )
    dry_run: bool = Field(
        default=False,
        title="Dry run",
        description="Check every file, ask the server that draws, say the plan, and draw nothing.",
    )
    seed_from_ranking: str | None = Field(
        default=None,
        title="Begin from a ranking",
        description="The id of a run that a person has ranked, or `latest`; begins a new run.",
        max_length=64,
    )
    seed_ranking_mode: RankingMode = Field(
        default="rank1",
        title="How much of the ranking counts",
        description="rank1: the first place alone; top3 or top5: the means over the first places, "
        "with the words of the first.",
    )
    test: bool = Field(
        default=False,
        title="A test",
        description="Mark a new run and its images as tests; searches leave them out.",
    )
    fresh: bool = Field(
        default=False,
        title="Draw afresh",
        description="Have a new run draw every image, also those the store has already.",
    )
    sets: list[str] = Field(
        default_factory=list,
        title="Settings",
        description="Each as KEY=VALUE, above every file: parameters.cfg=5, "
        "project.max_iterations=3.",
        max_length=100,
    )

    def of(self, project: str) -> "IterateParams":
        """The same, for this project."""
        return IterateParams(project=project, **dict(self))


class IterateParams(IterateOptions):
    """Refine an image until the project's rules are met or its budget is spent."""

    project: ProjectName

    @property
    def options(self) -> IterateOptions:
        """The same, without the project."""
        return IterateOptions.model_validate(self.model_dump(exclude={"project"}))
