"""The queryable copy of everything that is stored.

Every field may be left empty, and every later one has to be optional as well, or old
blocks could not be read any more.
"""

from prefect.blocks.core import Block
from pydantic import Field

from blocks.lent import Words, as_lent
from darkroom.adapters.lending import Lent, lending
from darkroom.adapters.settings import open_lab
from darkroom.adapters.warehouse.opening import Connection, reading


class WarehouseBlock(Block):
    """Where the warehouse lies. A field left empty is taken from darkroom.yaml."""

    _block_type_name = "Darkroom warehouse"
    _block_type_slug = "darkroom-warehouse"

    path: Words = Field(
        default="",
        title="File",
        description="On the machine that carries the run out; relative to its home folder.",
    )

    def lends(self) -> Lent:
        """What this block says, for a laboratory to be opened with."""
        return as_lent(self, {"warehouse": {"path": self.path}}, {})

    def reader(self) -> Connection:
        """A connection that reads and can harm nothing; close it when done."""
        with lending(self.lends()):
            return reading(open_lab().warehouse)

    def check(self) -> None:
        """Open it and let go of it again; raises when there is none."""
        self.reader().close()
