"""What the flow `sync` can be told, as a form of Prefect shows it."""

from pydantic import BaseModel, ConfigDict


class SyncParams(BaseModel):
    """How thoroughly to synchronise."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    whole: bool = False
    """Look at every document of the store, not only where something changed."""
    rebuild: bool = False
    """Build the warehouse anew."""
