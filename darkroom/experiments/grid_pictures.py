"""The pictures of a grid page: where the page finds each image, small and whole.

Owns the small copies beside the page. In a folder store small files are linked as they
are; a large one, or one in a bucket, gets a copy that a page with thousands can show.
A copy is made once: images never change under their key.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from PIL import Image

from darkroom.adapters.images import decode
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError, StoreError, StoreUnavailable

COPIES = "images"
_LINKED_BYTES = 256 * 1024
_SIDE = 384
_AT_A_TIME = 4
_BATCH = 64


@dataclass(frozen=True)
class Picture:
    """One image as a page refers to it."""

    small: str
    whole: str
    original: str
    """What a person opens: the file, or its address in the bucket."""


def pictures(
    store: Store, keys: Iterable[str], folder: Path, advance: Callable[[int], None] | None = None
) -> dict[str, Picture]:
    """Say for each image where it is found from `folder`; what cannot be read is left out."""
    found: dict[str, Picture] = {}
    waiting = iter(dict.fromkeys(keys))
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for batch in _batches(waiting):
            made = threads.map(partial(_picture, store, folder), batch)
            found |= {key: picture for key, picture in zip(batch, made, strict=True) if picture}
            if advance:
                advance(len(batch))
    return found


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(keys, _BATCH)):
        yield batch


def _picture(store: Store, folder: Path, key: str) -> Picture | None:
    address = store.url_for(key)
    file = _file(address)
    if file is None:
        small = _copy(store, key, folder)
        return Picture(small, small, address) if small else None
    linked = _relative(file, folder)
    if file.stat().st_size <= _LINKED_BYTES:
        return Picture(linked, linked, linked)
    small = _copy(store, key, folder)
    return Picture(small, linked, linked) if small else None


def _file(address: str) -> Path | None:
    """The file behind an address, where it is one of this machine and there."""
    parts = urlsplit(address)
    if parts.scheme != "file":
        return None
    path = Path(url2pathname(parts.path))
    return path if path.is_file() else None


def _relative(file: Path, folder: Path) -> str:
    return quote(Path(os.path.relpath(file, folder.resolve())).as_posix())


def _copy(store: Store, key: str, folder: Path) -> str | None:
    """The small copy's address; None where the image cannot be had."""
    name = f"{COPIES}/{hashlib.sha256(key.encode()).hexdigest()[:20]}.webp"
    target = folder / name
    if target.is_file():
        return name
    try:
        picture = decode(store.get(key)).picture
    except StoreUnavailable:
        raise
    except (DataError, StoreError):
        return None
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    written = BytesIO()
    picture.save(written, "WEBP", quality=82)
    target.parent.mkdir(parents=True, exist_ok=True)
    # a grid made at the same time writes the same bytes: the last rename wins
    beside = target.with_suffix(f".{os.getpid()}.part")
    beside.write_bytes(written.getvalue())
    beside.replace(target)
    return name
