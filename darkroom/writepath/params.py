"""What the flow `reconcile` is asked to do, and the form a person fills in."""

from pydantic import BaseModel, ConfigDict, Field

from darkroom.core.config.forms import ProjectName
from darkroom.writepath.reconcile import ReconcileOptions


class ReconcileParams(BaseModel):
    """How far to go; every field may be left as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: ProjectName | None = Field(
        default=None, title="Project", description="One project; left empty, all of them."
    )
    everything: bool = Field(
        default=False,
        title="Everything",
        description="List the whole store and bring every open promise to an end, orphans and "
        "index included; otherwise only what processes that died were in the middle of.",
    )
    wait: bool = Field(
        default=False,
        title="Wait",
        description="Wait for jobs that servers are still at.",
    )
    go_on: bool = Field(
        default=True,
        title="Have runs go on",
        description="Start runs of the worker again whose process died, three times at most.",
    )

    @property
    def options(self) -> ReconcileOptions:
        """The same, for the write path."""
        return ReconcileOptions(wait=self.wait, only_left=not self.everything)
