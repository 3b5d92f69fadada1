"""What making vectors is asked for: the parameters of the flow, and the form a person fills in."""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName


class EmbedOptions(BaseModel):
    """How to go about it; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        description="`clip` or `shapeworld`; left out, clip where its weights are there.",
        max_length=40,
    )
    rebuild: bool = Field(
        default=False,
        description="Make every vector anew; searches use the old ones until it is done.",
    )
    check: bool = Field(
        default=False,
        description="Compare every stored vector with its checksum first, and make anew if one"
        " is wrong.",
    )

    def of(self, project: str | None) -> "EmbedParams":
        """The same, for this project."""
        return EmbedParams(project=project, **dict(self))


class EmbedParams(EmbedOptions):
    """Make a vector of every image that has none."""

    project: ProjectName | None = None
