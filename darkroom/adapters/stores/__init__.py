"""Where artefacts are kept: one protocol, a folder store, an S3 store, a spool before either."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.adapters.stores.bounds import Limits
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Closable, Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.adapters.secret_values import Secrets
    from darkroom.adapters.settings import Lab
    from darkroom.core.config.lab import StoreConfig


def open_store(
    config: "StoreConfig", root: Path, secrets: "Secrets", *, limits: Limits | None = None
) -> Store:
    """Open the configured store; an S3 server is not contacted before the first call."""
    if config.kind == "folder":
        return FolderStore(root)
    # the S3 client is heavy, and most newcomers never need it
    from darkroom.adapters.stores.s3 import S3Store
    from darkroom.adapters.stores.s3_settings import S3Settings

    access_key, secret_key = secrets.s3_access_key, secrets.s3_secret_key
    if access_key is None and secret_key is None:
        raise UsageError(
            "store-credentials-incomplete", f"no credentials are set for {config.endpoint}"
        )
    settings = S3Settings(
        config.endpoint or "", config.bucket or "", access_key, secret_key, config.region
    )
    return S3Store(settings, limits)


def open_lab_store(lab: "Lab") -> SpooledStore:
    """Open the store of the laboratory, with its spool in front."""
    store = open_store(lab.config.store, lab.store_root, lab.secrets)
    return SpooledStore(store, lab.spool, lab.config.spool.max_bytes)


@contextmanager
def opened_store(lab: "Lab") -> Generator[SpooledStore]:
    """The store of the laboratory, whose connections end with the block."""
    spooled = open_lab_store(lab)
    try:
        yield spooled
    finally:
        if isinstance(spooled.store, Closable):
            spooled.store.close()
