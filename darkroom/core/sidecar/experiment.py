"""The part of a sidecar that says which image of which experiment it is.

Owns that block. What the words mean is `darkroom.core.experiments`'.
"""

from typing import Annotated

from pydantic import Field

from darkroom.core.sidecar.fields import MAX_ITEMS, Bag, Block, Name


class ExperimentPlace(Block):
    """Where an image stands in an experiment, and what it scored there."""

    name: Name
    """The experiment, within its project."""
    cell: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    """The combination of axis values, by the sha256 of what it asks for."""
    labels: Annotated[Bag, Field(max_length=MAX_ITEMS)] = Field(default_factory=Bag)
    """Axis to value, as people see it."""
    seed_index: Annotated[int, Field(ge=0)] = 0
    """Which of the seeds that all cells share, from 0."""
    repeat: Annotated[int, Field(ge=1)] = 1
    """The how-many-eth image of this cell and seed."""
    judging: Name | None = None
    """Identifies what it was judged by; null when it was not judged."""
    score: float | None = None
    """From 0 to 100 by rules, to 10 by quality; null when nobody could say."""
    passed: bool | None = None
