"""Which images are like one image, or like some words: exact, within any filters.

Owns the order: a question becomes a vector, the filters become rows, the nearest rows
become images again. What a filter means is `selecting`'s; deleted images are left out
there, as in every search.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.embeddings.protocol import Embedder
from darkroom.adapters.embeddings.vector_file import DIGEST_BYTES, Digests, VectorFile
from darkroom.adapters.embeddings.vector_search import Near, nearest
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.plain_files import read_file
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.archive.annotating_targets import meant
from darkroom.archive.embedding import digests_in, embedder_of, vectors_in
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import Selected, select
from darkroom.core.errors import DataError, UsageError
from darkroom.core.selection_reading import Asked
from darkroom.scoring.stored import read_sidecar

Row = dict[str, object]


@dataclass(frozen=True)
class Likeness:
    """What images should be like: one image, by name or file, or some words."""

    image: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if (self.image is None) == (self.text is None):
            raise UsageError("similar-question", "one image or --text, not both and not none")


@dataclass(frozen=True)
class Similar:
    """What was found, the most similar first; each row has `similarity`, a cosine."""

    model: str
    rows: list[Row]
    allowed: int
    """So many images pass the filters."""
    without_vector: int
    """So many of them have no vector, and cannot be found."""


@dataclass(frozen=True)
class _Asked:
    vector: NDArray[np.float32]
    digest: bytes | None = None
    """Of the image itself, which is no answer."""


def similar(
    lab: Lab, like: Likeness, filters: Asked, *, model: str | None = None, limit: int = 20
) -> Similar:
    """The images most like the question among those that pass the filters."""
    selected = select(filters)
    embedder = embedder_of(lab, model)
    file = vectors_in(lab, embedder.identity)
    if file is None or not len(file):
        name = embedder.identity.name
        raise UsageError("vectors-missing", f"no image has a vector of {name} yet")
    asked = _asked(lab, like, embedder, file)
    with opened_library(lab) as connection:
        return _found(connection, selected, file, (embedder.identity.name, asked), limit)


def _found(
    connection: Connection,
    selected: Selected,
    file: VectorFile,
    question: tuple[str, _Asked],
    limit: int,
) -> Similar:
    model, asked = question
    table: Any = connection.execute(*selected.ahead_of("vectors/allowed", {})).to_arrow_table()
    rows = file.rows_of(digests_in(table))
    missing = int((rows < 0).sum())
    allowed = np.unique(rows[rows >= 0])
    if asked.digest is not None:
        itself = np.frombuffer(asked.digest, np.uint8).reshape(1, DIGEST_BYTES)
        allowed = np.setdiff1d(allowed, file.rows_of(itself))
    near = nearest(file.vectors, asked.vector, limit, _unless_all(allowed, file))
    return Similar(model, _as_images(connection, selected, file, near)[:limit], len(rows), missing)


def _unless_all(allowed: NDArray[np.int64], file: VectorFile) -> NDArray[np.int64] | None:
    return None if len(allowed) == len(file) else allowed


def _as_images(
    connection: Connection, selected: Selected, file: VectorFile, near: list[Near]
) -> list[Row]:
    """The images that have these contents; equal ones stand side by side."""
    how = {_hex(file.digests, one.row): one.similarity for one in near}
    rows = rows_of(connection, *selected.ahead_of("vectors/found", {"digests": list(how)}))
    told = [row | {"similarity": how[str(row["sha256"])]} for row in rows]
    order = {digest: place for place, digest in enumerate(how)}
    return sorted(told, key=lambda row: (order[str(row["sha256"])], str(row["image"])))


def _hex(digests: Digests, row: int) -> str:
    return digests[row].tobytes().hex()


def _asked(lab: Lab, like: Likeness, embedder: Embedder, file: VectorFile) -> _Asked:
    if like.image is None:
        return _Asked(embedder.texts([like.text or ""])[0])
    with opened_store(lab) as store:
        if _is_outside(lab, like.image):
            data = read_file(Path(like.image), MAX_BYTES)
            digest = hashlib.sha256(data).digest()
            return _known(digest, file) or _looked_at(embedder, data, digest)
        key = _one_image(lab, store, like.image)
        sha256 = read_sidecar(store, key).identity.sha256
        if sha256 is None:
            raise DataError("scores-without-sidecar", "its sidecar holds no sha256", where=key)
        digest = bytes.fromhex(sha256)
        known = _known(digest, file)
        return known or _looked_at(embedder, read_verified(store, key, sha256), digest)


def _known(digest: bytes, file: VectorFile) -> _Asked | None:
    (row,) = file.rows_of(np.frombuffer(digest, np.uint8).reshape(1, DIGEST_BYTES))
    return None if row < 0 else _Asked(file.vectors[row].astype(np.float32), digest)


def _looked_at(embedder: Embedder, data: bytes, digest: bytes) -> _Asked:
    return _Asked(embedder.pictures([decode(data).rgb()])[0], digest)


def _is_outside(lab: Lab, name: str) -> bool:
    """Whether a file is meant that does not lie in the store's own folder."""
    if not os.path.lexists(name):
        return False
    is_folder = lab.config.store.kind == "folder"
    return not (is_folder and Path(name).absolute().is_relative_to(lab.store_root.absolute()))


def _one_image(lab: Lab, store: Store, name: str) -> str:
    named = meant(lab, store, [name])
    if not named.images:
        raise UsageError("similar-question", f"{name[:80]!r} is a run; name one of its images")
    return named.images[0]
