"""Compare one stored image with its sidecar: parses, is there, is what was written.

Owns the order of the questions. Every answer is a flaw with a reason or nothing; only a
store that does not answer is an error.
"""

from dataclasses import dataclass

from darkroom.adapters.images import DecodedImage, decode
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.warehouse.places import kind_of
from darkroom.archive.verifying_names import Pair
from darkroom.core.errors import ImageRefused, KeyNotFound, SidecarDamaged, StoreCorrupt
from darkroom.core.sidecar import MAX_BYTES, Identity, Sidecar, read_any
from darkroom.core.verification import Kind


@dataclass(frozen=True)
class Flaw:
    """One thing that is not in order."""

    kind: Kind
    key: str
    reason: str


@dataclass(frozen=True)
class Looked:
    """One pair, as it was found."""

    pair: Pair
    flaws: tuple[Flaw, ...]
    sidecar: Sidecar | None = None
    size_bytes: int = 0


def look(store: Store, pair: Pair) -> Looked:
    """Read one sidecar and its image, and compare."""
    try:
        data = store.get(pair.sidecar)[: MAX_BYTES + 1]
        sidecar = read_any(data, pair.sidecar).sidecar
    except KeyNotFound:
        return Looked(pair, ())  # removed by hand since it was listed
    except SidecarDamaged as error:
        return Looked(pair, (Flaw("damaged", pair.sidecar, error.message),))
    flaws, size_bytes = _of_image(store, pair.image, sidecar.identity)
    return Looked(pair, tuple(flaws), sidecar, size_bytes)


def was_drawn(store: Store, pair: Pair) -> bool:
    """Whether there ever was an image: an iteration that came to none says so in S2's form."""
    if kind_of(pair.sidecar) != "s2":
        return True
    try:
        told = read_any(store.get(pair.sidecar)[: MAX_BYTES + 1], pair.sidecar).sidecar
    except (KeyNotFound, SidecarDamaged):
        return True
    return told.iteration is None or told.iteration.image_path is not None


def _of_image(store: Store, key: str, known: Identity) -> tuple[list[Flaw], int]:
    flaws: list[Flaw] = []
    try:
        data = _read(store, key, known.sha256)
    except KeyNotFound:
        return [Flaw("broken", key, "committed, but the image is not there")], 0
    except StoreCorrupt as error:
        return [Flaw("differs", key, error.message)], 0
    if known.sha256 is None:
        flaws.append(Flaw("unnamed", key, "its sidecar holds no sha256"))
    if known.size_bytes not in {None, len(data)}:
        flaws.append(_misdescribed(key, "bytes", known.size_bytes, len(data)))
    try:
        flaws += _of_picture(key, known, decode(data))
    except ImageRefused as error:
        flaws.append(Flaw("undecodable", key, error.message))
    return flaws, len(data)


def _read(store: Store, key: str, sha256: str | None) -> bytes:
    return store.get(key) if sha256 is None else read_verified(store, key, sha256)


def _of_picture(key: str, known: Identity, picture: DecodedImage) -> list[Flaw]:
    return [
        _misdescribed(key, name, said, found)
        for name, said, found in (
            ("pixels wide", known.width, picture.width),
            ("pixels high", known.height, picture.height),
            ("type", known.mime, picture.mime),
        )
        if said not in {None, found}
    ]


def _misdescribed(key: str, what: str, said: object, found: object) -> Flaw:
    return Flaw("misdescribed", key, f"{what}: the sidecar says {said}, the image has {found}")
