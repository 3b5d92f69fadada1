"""What every store checks before it takes bytes, so that all stores refuse the same things."""

import re

from darkroom.core.errors import UsageError
from darkroom.core.keys import checked_key

MAX_OBJECT_BYTES = 128 * 2**20
"""Far more than any picture we draw; keeps the copies of one object within memory."""
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}\Z")


def checked_intake(key: str, data: bytes, content_type: str) -> str:
    """Return the key when all three may go into a store, else raise UsageError."""
    if len(data) > MAX_OBJECT_BYTES:
        raise UsageError(
            "store-object-too-big",
            f"{len(data)} bytes are more than the {MAX_OBJECT_BYTES} a store takes at once",
            where=key[:80],
        )
    if not _CONTENT_TYPE.match(content_type):
        raise UsageError("content-type-invalid", f"{content_type[:80]!r} is no content type")
    return checked_key(key)
