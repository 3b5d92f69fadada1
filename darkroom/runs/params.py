"""What a run is asked to do: the one parameter of the flow, and the form a person fills in.

Owns names, bounds and descriptions. Holds no secret: keys come from the environment of
whoever executes the run, and a `sets` entry that names one is refused when it is read.
"""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.ranking import RankingMode


class IterateParams(BaseModel):
    """Refine an image until the project's rules are met or its budget is spent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    project: str = Field(
        description="The project: a folder under projects/.",
        min_length=1,
        max_length=64,
        pattern=r"^[a-z0-9][a-z0-9_-]*$",
        examples=["demo"],
    )
    rules: str | None = Field(
        default=None,
        description="Another rules file: a path, or a name in the project's or the shipped rules/.",
        max_length=1024,
    )
    input: str | None = Field(
        default=None,
        description="Another input image than the project's input/input.png.",
        max_length=1024,
    )
    resume_from: int | None = Field(
        default=None,
        description="Decide again from this iteration of the last run on; earlier ones count.",
        ge=1,
        le=1_000_000,
    )
    reset: bool = Field(
        default=False, description="Archive the last run, open or not, and start a new one."
    )
    dry_run: bool = Field(
        default=False, description="Check everything, ask the host, say the plan; draw nothing."
    )
    seed_from_ranking: str | None = Field(
        default=None,
        description="Start from a person's ranking of this run: its id, or `latest`.",
        max_length=64,
    )
    seed_ranking_mode: RankingMode = Field(
        default="rank1",
        description="rank1: as the first place; top3, top5: the means over the first places.",
    )
    sets: list[str] = Field(
        default_factory=list,
        description="Settings above every file, as KEY=VALUE, for example parameters.cfg=5.",
        max_length=100,
    )
