"""The blocks that darkroom.yaml already describes, written to a Prefect server.

Owns which they are. They hold no secret: an operator adds keys in the UI, or leaves them in
the environment. A block that exists is never changed, and whatever a person wrote stays.
"""

import re
from collections.abc import Iterator

from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from blocks.comfyui import ComfyBlock
from blocks.connecting import BLOCKS
from blocks.store import StoreBlock
from blocks.vision import VisionBlock
from blocks.warehouse import WarehouseBlock
from darkroom.adapters.settings import Lab

DEFAULT = "default"


def make_known(client: SyncPrefectClient, lab: Lab) -> tuple[str, ...]:
    """Register every type and create what is missing; says what was created."""
    for kind in BLOCKS:
        kind.register_type_and_schema()
    made: list[str] = []
    for name, block in described(lab):
        slug = block.get_block_type_slug()
        if not _exists(client, slug, name):
            block.save(name)
            made.append(f"{slug}/{name}")
    return tuple(made)


def described(lab: Lab) -> Iterator[tuple[str, Block]]:
    """Each block that darkroom.yaml describes, with its name."""
    store = lab.config.store
    yield (
        DEFAULT,
        StoreBlock(
            kind=store.kind,
            root=store.root or "",
            endpoint=store.endpoint or "",
            bucket=store.bucket or "",
            region=store.region,
        ),
    )
    yield DEFAULT, WarehouseBlock(path=lab.config.warehouse.path)
    for name, host in lab.config.hosts.items():
        yield block_name(name), ComfyBlock(host=name, url=host.url)
    for name, known in lab.config.providers.items():
        if name != "embedded":  # it is no server
            yield (
                name,
                VisionBlock(
                    provider=name,
                    base_url=known.base_url or "",
                    max_concurrent=known.max_concurrent,
                ),
            )


def block_name(host: str) -> str:
    """A host's name as Prefect takes it: letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")


def _exists(client: SyncPrefectClient, slug: str, name: str) -> bool:
    try:
        client.read_block_document_by_name(name, slug)
    except ObjectNotFound:
        return False
    return True
