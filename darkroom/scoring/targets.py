"""What `darkroom score` is pointed at: files, folders, images and folders of the store.

Owns telling them apart and finding each image's prompt: the one given, else that of the
sidecar. A thing that cannot be scored becomes a reason; it stops nothing else.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from darkroom.adapters.images import MAX_BYTES
from darkroom.adapters.plain_files import read_file
from darkroom.adapters.scorers.resident_images import ImageToScore
from darkroom.adapters.sidecar_files import read_sidecar as read_sidecar_file
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.errors import DarkroomError, StoreUnavailable, UsageError
from darkroom.core.keys import is_key
from darkroom.scoring.stored import Known, StoredImage, image_at, images_under, known

_IMAGES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Target:
    """One image to score."""

    name: str
    """How it was named: a path or a store key."""
    image: ImageToScore
    known: Known | None = None
    """What the store knows of it, where it lies there."""


@dataclass(frozen=True)
class Bad:
    """Something that cannot be scored, and why."""

    name: str
    reason: str


Found: TypeAlias = Target | Bad
Place: TypeAlias = Path | StoredImage


def places(names: Iterable[str], store: Store) -> list[Place | Bad]:
    """Every file and stored image that the names mean; nothing is read yet."""
    return [place for name in names for place in _meant(name, store)]


def _meant(name: str, store: Store) -> Iterator[Place | Bad]:
    path = Path(name)
    if path.is_dir():
        files = list(_images_in(path))
        yield from files or [Bad(name, "holds no PNG, JPEG or WebP")]
    elif os.path.lexists(path):
        yield path
    else:
        yield from _in_store(name, store)


def _images_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if _is_image(name))


def _is_image(name: str) -> bool:
    return name.lower().endswith(_IMAGES) and not name.startswith(".")


def _in_store(name: str, store: Store) -> Iterator[Place | Bad]:
    key = name.rstrip("/")
    if not is_key(key):
        yield Bad(name, "there is no such file, and no store has such a key")
    elif _is_image(key) and store.head(key) is not None:
        yield image_at(store, key)
    else:
        found = [] if _is_image(key) else images_under(store, f"{key}/")
        yield from found or [Bad(name, "there is no such file, nor any image in the store")]


def opened(places: Iterable[Place | Bad], store: Store, prompt: str | None) -> Iterator[Found]:
    """Each place with its prompt and digest, read one after the other as they are asked for."""
    for place in places:
        if isinstance(place, Bad):
            yield place
            continue
        name = place.key if isinstance(place, StoredImage) else str(place)
        try:
            if isinstance(place, StoredImage):
                yield stored_target(known(store, place), store, prompt)
            else:
                yield _file_target(place, prompt)
        except StoreUnavailable:
            raise  # the next image would meet the same wall
        except DarkroomError as error:
            yield Bad(name, f"{error.message} [{error.code}]")


def stored_target(found: Known, store: Store, prompt: str | None = None) -> Target:
    """A stored image, as its sidecar describes it."""
    if not found.sha256:
        raise UsageError("scores-without-sidecar", "its sidecar holds no sha256", where=found.key)

    def read() -> bytes:
        return read_verified(store, found.key, found.sha256)

    return Target(found.key, ImageToScore(found.sha256, read, prompt or found.prompt), found)


def _file_target(path: Path, prompt: str | None) -> Target:
    data = read_file(path, MAX_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    words = prompt or _prompt_beside(path)
    # read again when it is its turn: a folder of images does not fit into memory
    return Target(str(path), ImageToScore(digest, lambda: read_file(path, MAX_BYTES), words))


def _prompt_beside(path: Path) -> str | None:
    beside = path.with_name(f"{path.name}.json")
    if not beside.exists():
        return None
    try:
        return read_sidecar_file(beside).sidecar.input.prompt or None
    except DarkroomError:
        return None  # the picture can be measured without it
