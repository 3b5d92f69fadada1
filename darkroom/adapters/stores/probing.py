"""Chooses the checks that fit the configured store."""

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import open_store
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.probe import Report
from darkroom.adapters.stores.probe_folder import check_folder
from darkroom.core.errors import UsageError


def check_lab_store(lab: Lab, *, public_read: bool = False, create_bucket: bool = False) -> Report:
    """Check the store that darkroom.yaml names; raises when it cannot be reached at all."""
    store = open_store(lab.config.store, lab.store_root, lab.secrets)
    if isinstance(store, FolderStore):
        if public_read or create_bucket:
            raise UsageError("store-has-no-bucket", "the configured store is a folder")
        return check_folder(store)
    # the S3 client is heavy, and a folder does not need it
    from darkroom.adapters.stores.probe_s3 import check_s3
    from darkroom.adapters.stores.s3 import S3Store

    assert isinstance(store, S3Store)
    try:
        return check_s3(
            store,
            public_read=public_read or lab.config.store.public_read,
            create_bucket=create_bucket,
        )
    finally:
        store.close()
