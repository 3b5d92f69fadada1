"""What a refinement is asked to do: the parameters of the flow, and the form a person fills in.

Owns names, bounds and descriptions, and the way to a request. Holds no secret.
"""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName, Prompt
from darkroom.core.config.parameters import MAX_SEED
from darkroom.core.scoring.metrics import Tier
from darkroom.core.scoring.refinement import MOST_ATTEMPTS, StrategyName
from darkroom.generating.refining import Asked
from darkroom.generating.request import Request


class RefineOptions(BaseModel):
    """How to go about it; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    negative: str | None = Field(
        default=None, description="What it should not show.", max_length=100_000
    )
    threshold: float | None = Field(
        default=None, description="The score, 0 to 10, that is good enough.", ge=0, le=10
    )
    max_attempts: int | None = Field(
        default=None, description="So many images at most.", ge=1, le=MOST_ATTEMPTS
    )
    strategy: StrategyName | None = Field(
        default=None, description="What changes from one attempt to the next."
    )
    seed: int | None = Field(
        default=None,
        description="The first seed; left out, one that follows from the flow run.",
        ge=0,
        le=MAX_SEED,
    )
    workflow: str | None = Field(
        default=None, description="A workflow file, or the name of a known one.", max_length=1024
    )
    preset: str | None = Field(default=None, description="A named set of parameters.")
    host: str | None = Field(
        default=None,
        description="A host of darkroom.yaml, `embedded`, or http://host:port; several with"
        " commas, or `any`.",
    )
    tier: Tier | None = Field(
        default=None, description="Which scorers measure; left out, the configured ones."
    )
    validate_prompt: bool = Field(
        default=False, description="Fill in how well each image shows its prompt."
    )
    is_test: bool = Field(default=False, title="A test", description="Mark the images as tests.")

    def of(self, project: str | None, prompt: str | None) -> "RefineParams":
        """The same, for this project and prompt."""
        return RefineParams(project=project, prompt=prompt, **dict(self))


class RefineParams(RefineOptions):
    """Draw, score and draw again until an image is good enough or the attempts are spent."""

    project: ProjectName | None = None
    prompt: Prompt | None = None

    def request(self) -> Request:
        """The same as `darkroom generate` would be asked."""
        return Request(
            workflow=self.workflow,
            prompt=self.prompt,
            negative=self.negative,
            seed=self.seed,
            preset=self.preset,
            host=self.host,
            project=self.project,
            scores=True,
            validates=self.validate_prompt,
            tier=self.tier,
            is_test=self.is_test,
        )

    def asked(self) -> Asked:
        """What the series is asked for."""
        return Asked(self.threshold, self.max_attempts, self.strategy)
