"""How a person comes to see a stored image from a page that is not ours.

Owns the addresses that let anybody in: they end after a quarter of an hour, are made for a
page that is written now, and go into no log, sidecar or message. A folder has none: a
browser opens no file from such a page, so the command that shows the image is told.
"""

import base64
import re
from datetime import timedelta

from darkroom.adapters.image_encoding import limit
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import DarkroomError
from darkroom.core.keys import checked_key

OPEN_FOR = timedelta(minutes=15)
_SHOWN_PX = 128
_IMAGE = re.compile(r"([^/]+)/working/([^/]+)/images/iteration_0*([0-9]+)\.png\Z")


def address_of(store: Store, key: str) -> str | None:
    """An address that opens the image for a while; None where there is no such thing."""
    behind = store.store if isinstance(store, SpooledStore) else store
    presigned = getattr(behind, "presigned_url", None)  # the S3 client is not loaded to find out
    if presigned is None:
        return None
    try:
        return str(presigned(checked_key(key), OPEN_FOR))
    except DarkroomError:
        return None


def name_of(key: str) -> str:
    """The shortest name that `darkroom show` knows the image by."""
    found = _IMAGE.match(key)
    return "/".join(found.groups()) if found else key


def link(store: Store, key: str | None) -> str:
    """A Markdown link to the image, else its name."""
    if key is None:
        return "-"
    url = address_of(store, key)
    return f"[{key.rpartition('/')[2]}]({url})" if url else f"`{name_of(key)}`"


def picture(store: Store, key: str | None) -> str:
    """The image itself as Markdown, small and in the page, so that nobody has to open anything."""
    if key is None:
        return ""
    try:
        # small, because it stays in the scheduler's own database
        small = base64.b64encode(limit(store.get(key), _SHOWN_PX)).decode()
    except DarkroomError:
        return link(store, key)
    shown = f"![{key.rpartition('/')[2]}](data:image/png;base64,{small})"
    # Prefect's pages show no picture inside a link, so the link stands below
    return f"{shown}\n\n{link(store, key)}" if address_of(store, key) else shown


def how_to_see(store: Store, key: str | None) -> str:
    """What a page says of its images, after the example of one."""
    if key is None:
        return ""
    command = f"`darkroom show {name_of(key)}`"
    if address_of(store, key) is None:
        return f"Images lie in the folder of the store; {command} tells under which key."
    minutes = OPEN_FOR // timedelta(minutes=1)
    return f"Links open for {minutes} minutes; after that, {command}."
