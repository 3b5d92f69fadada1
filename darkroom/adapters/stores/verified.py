"""Reading bytes whose sha256 is known: the only reading fit for scores and exports.

A byte flipped on the way or on the disk arrives without any error from any store;
only the hash written in the sidecar tells.
"""

import hashlib

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import StoreCorrupt


def read_verified(store: Store, key: str, sha256: str) -> bytes:
    """Read the key and compare with the hash; one more read, then StoreCorrupt."""
    seen = ""
    for _ in range(2):
        data = store.get(key)
        seen = hashlib.sha256(data).hexdigest()
        if seen == sha256:
            return data
    raise StoreCorrupt(
        "store-content-differs",
        f"the content has sha256 {seen[:12]}..., expected {sha256[:12]}...",
        where=f"{store.name}/{key}",
    )
