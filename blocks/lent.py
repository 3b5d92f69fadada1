"""What all blocks of ours have in common: a name, and settings that a run is lent.

Owns how a block is named in messages. It reads no block and opens nothing.
"""

from collections.abc import Mapping
from typing import Annotated

from prefect.blocks.core import Block
from pydantic import BeforeValidator, SecretStr

from darkroom.adapters.lending import Lent, lent_from
from darkroom.core.config.tree import Plain


def _filled(value: object) -> object:
    """A field that was cleared in the UI comes back as nothing at all."""
    return "" if value is None else value


Words = Annotated[str, BeforeValidator(_filled)]
Key = Annotated[SecretStr, BeforeValidator(_filled)]


def as_lent(block: Block, settings: dict[str, Plain], secrets: Mapping[str, SecretStr]) -> Lent:
    """Settings and secrets of a block; those it leaves empty are not lent."""
    return lent_from(named(block), settings, secrets)


def named(block: Block) -> str:
    """How messages name a block."""
    return f"block {block.get_block_type_slug()}/{name_of(block) or 'unsaved'}"


def name_of(block: Block) -> str:
    """The name a block was saved under; empty for one that was not."""
    name: str | None = getattr(block, "_block_document_name", None)
    return name or ""
