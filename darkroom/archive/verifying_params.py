"""What verifying is asked for: the parameters of the flow, and the form a person fills in."""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName
from darkroom.core.errors import UsageError

_LONGEST = 600


class VerifyOptions(BaseModel):
    """How far to go; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: list[str] = Field(
        default_factory=list[str],
        description="Only these images and runs: keys, PROJECT/RUN_ID, PROJECT/RUN_ID/ITERATION.",
        max_length=10_000,
    )
    run: str | None = Field(
        default=None, description="Only this run, as PROJECT/RUN_ID.", max_length=_LONGEST
    )
    sample: int | None = Field(
        default=None,
        description="Read only so many images, drawn by lot; names are compared for all.",
        ge=1,
        le=1_000_000,
    )
    new: bool = Field(
        default=False, description="Only runs begun since the last one that was verified whole."
    )
    again: bool = Field(
        default=False, description="Begin anew, where a stopped one would go on where it was."
    )
    redraw: bool = Field(
        default=False, description="Draw every image again and compare: this takes GPU time."
    )
    host: str | None = Field(
        default=None,
        description="Redraw on this server; left out, on the one that drew the image.",
        max_length=200,
    )

    def of(self, project: str | None) -> "VerifyParams":
        """The same, for this project."""
        return VerifyParams(project=project, **dict(self))


class VerifyParams(VerifyOptions):
    """Compare what is stored with what was written."""

    project: ProjectName | None = None

    def check(self) -> None:
        """Refuse what excludes one another."""
        named = [name for name in ("names", "run", "project") if getattr(self, name)]
        if len(named) > 1:
            raise UsageError("verify-scope", f"{' and '.join(named)} exclude one another")
        if self.new and (self.names or self.run or self.sample):
            message = "--new goes with a project or with everything, and reads every image"
            raise UsageError("verify-scope", message)
        if self.host and not self.redraw:
            raise UsageError("verify-scope", "--host is about redrawing; say --redraw too")

    @property
    def is_resumable(self) -> bool:
        """Whether it is large enough to go on where it was stopped."""
        return not (self.names or self.run or self.sample or self.new or self.redraw)

    @property
    def scope(self) -> str:
        """What it is about, for the file that says how far it came."""
        return self.project or "everything"
