"""A ComfyUI server, added to those of darkroom.yaml under its name.

Every field may be left empty, and every later one has to be optional as well, or old
blocks could not be read any more.
"""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.blocks.core import Block
from pydantic import Field

from blocks.lent import Words, as_lent, name_of
from darkroom.adapters.lending import Lent, lending
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import open_lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.jobs import EngineReceipt


class ComfyBlock(Block):
    """A server that draws. A field left empty is taken from darkroom.yaml."""

    _block_type_name = "Darkroom ComfyUI server"
    _block_type_slug = "darkroom-comfyui"

    host: Words = Field(
        default="",
        title="Host",
        description="Its name under hosts: in darkroom.yaml; left empty, the name of this block.",
    )
    url: Words = Field(
        default="", title="Address", description="For example http://127.0.0.1:8188."
    )

    @property
    def host_name(self) -> str:
        """The name that `comfyui.host` of a project's AIGen.yaml means it by."""
        return self.host.strip() or name_of(self)

    def lends(self) -> Lent:
        """What this block says, for a laboratory to be opened with."""
        return as_lent(self, {"hosts": {self.host_name: {"url": self.url}}}, {})

    @contextmanager
    def renderer(self) -> Generator[Renderer]:
        """A client of the server."""
        with (
            lending(self.lends()),
            renderer_of(open_lab(), Comfy(host=self.host_name)) as client,
        ):
            yield client

    def check(self) -> EngineReceipt:
        """Ask the server what it is; raises when it does not answer."""
        with self.renderer() as renderer:
            return renderer.receipt()
