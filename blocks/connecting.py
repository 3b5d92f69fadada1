"""The blocks a run names, read from the Prefect server and lent to it.

Owns the precedence: what a run sets itself is above the blocks it names, those are above the
environment and darkroom.yaml, those above what is built in. A block that no run names
has no effect. Keys pass from here to adapters alone; no parameter, log or sidecar holds one.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from prefect.blocks.core import Block
from prefect.exceptions import PrefectException

from blocks.comfyui import ComfyBlock
from blocks.store import StoreBlock
from blocks.vision import VisionBlock
from blocks.warehouse import WarehouseBlock
from darkroom.adapters.lending import Lent, lending, together
from darkroom.core.config.forms import Connections
from darkroom.core.errors import OutsideError, UsageError

BLOCKS = (StoreBlock, WarehouseBlock, ComfyBlock, VisionBlock)
"""Every block of ours, in the order they are made known."""

T = TypeVar("T", bound=Block)


@contextmanager
def connected(names: Connections) -> Generator[None]:
    """Have every laboratory opened within use the blocks of these names."""
    with lending(together(_lent_by(names))):
        yield


def _lent_by(names: Connections) -> Iterator[Lent]:
    if names.store:
        yield loaded(StoreBlock, names.store).lends()
    if names.warehouse:
        yield loaded(WarehouseBlock, names.warehouse).lends()
    for name in names.servers:
        yield loaded(ComfyBlock, name).lends()
    for name in names.providers:
        yield loaded(VisionBlock, name).lends()


def loaded(kind: type[T], name: str) -> T:
    """One block by its name."""
    where = f"{kind.get_block_type_slug()}/{name}"
    try:
        found = kind.load(name)
    except ValueError as exc:
        message = f"this Prefect server has no block {where}, or one that cannot be read"
        raise UsageError("block-missing", message, where=where) from exc
    except (PrefectException, httpx.HTTPError, RuntimeError) as exc:
        message = f"Prefect was asked for the block {where}: {type(exc).__name__}"
        raise OutsideError("prefect-failed", message, where=where) from exc
    assert isinstance(found, kind)
    return found
