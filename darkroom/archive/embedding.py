"""Make a vector of every image that has none: `darkroom embed` and its flow.

Owns which images lack one, and the order: what is appended is durable and no longer
lacking, so a stopped run goes on where it was. Vectors are of contents, by sha256: equal
images share one, and what becomes of an image afterwards changes none.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from darkroom.adapters.embedders.models import open_embedder
from darkroom.adapters.embeddings.protocol import Embedder, ModelIdentity, Pixels
from darkroom.adapters.embeddings.vector_file import (
    DIGEST_BYTES,
    Appender,
    Digests,
    VectorFile,
    open_vectors,
)
from darkroom.adapters.images import decode
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.embedding_params import EmbedParams
from darkroom.archive.opening import opened_library
from darkroom.archive.syncing import sync
from darkroom.core.errors import DarkroomError, StoreUnavailable
from darkroom.scoring.configured import scoring_of
from darkroom.scoring.measuring import Bar, no_bar
from darkroom.writepath.locks import Locks

FOLDER = ".darkroom/vectors"
_LOCKS = ".darkroom/locks"
_LOCK_WAIT_S = 10.0
BATCH = 64
_READERS = 4


@dataclass(frozen=True)
class Wanted:
    """One content without a vector, and an image that has it."""

    image: str
    digest: bytes


@dataclass
class EmbedReport:
    """What came of it; grows while it goes on."""

    model: str
    weights_sha256: str
    contents: int = 0
    """Different contents among the images that are not deleted."""
    complete: int = 0
    """Had a vector already."""
    embedded: int = 0
    vectors: int = 0
    """In the file, those of other projects and of deleted images included."""
    unnamed: int = 0
    """Images without a sha256 in their sidecar: nothing is kept about them."""
    was_damaged: int = 0
    """Vectors that were wrong, so that everything was made anew."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Images that could not be read, and why."""


def embedder_of(lab: Lab, model: str | None) -> Embedder:
    """The model of a name, with the weights of this laboratory."""
    return open_embedder(model, scoring_of(lab).place.weights)


def folder_of(lab: Lab, identity: ModelIdentity) -> Path:
    """Where the vectors of a model lie."""
    return lab.path(FOLDER) / identity.slug


class Embedding:
    """An open laboratory with images to embed; used as a context manager."""

    def __init__(self, params: EmbedParams) -> None:
        self._params = params
        self._stack = ExitStack()
        with ExitStack() as opening:
            self._open(opening)
            self._stack = opening.pop_all()

    def _open(self, stack: ExitStack) -> None:
        self._lab = open_lab()
        self._embedder = embedder_of(self._lab, self._params.model)
        identity = self._embedder.identity
        self.report = EmbedReport(identity.name, identity.weights_sha256)
        self._store: Store = stack.enter_context(opened_store(self._lab))
        locks = Locks(self._lab.path(_LOCKS))
        stack.enter_context(locks.held(f"vectors-{identity.slug}", _LOCK_WAIT_S))
        self._readers = stack.enter_context(ThreadPoolExecutor(_READERS))
        folder = folder_of(self._lab, identity)
        self._appender = Appender(folder, identity, anew=self._starts_anew(folder, identity))

    def _starts_anew(self, folder: Path, identity: ModelIdentity) -> bool:
        if self._params.check and (file := open_vectors(folder, identity)) is not None:
            self.report.was_damaged = len(file.damaged())
        return self._params.rebuild or self.report.was_damaged > 0

    def listed(self) -> Iterator[Sequence[Wanted]]:
        """The contents that lack a vector, in groups; the warehouse is brought up to date first.

        With everything made anew, those of other projects are lacking too.
        """
        sync(self._lab)
        asked = {"project": None if self._appender.is_anew else self._params.project}
        with opened_library(self._lab) as connection:
            table: Any = connection.execute(query("vectors/wanted").text, asked).to_arrow_table()
            unnamed = connection.execute(query("vectors/unnamed").text, asked).fetchone()
        self.report.unnamed = int(unnamed[0]) if unnamed else 0
        lacking = self._appender.before.rows_of(digests_in(table)) < 0
        self.report.contents = len(table)
        self.report.complete = len(table) - int(lacking.sum())
        found = table.take(np.flatnonzero(lacking))
        return (_group(found, start) for start in range(0, len(found), BATCH))

    def embed(
        self, group: Sequence[Wanted], done: Callable[[int], None] = lambda _count: None
    ) -> EmbedReport:
        """Make and keep the vectors of these; one that fails stops no other."""
        pictures = list(self._readers.map(self._picture, group))
        whole = [(one, rgb) for one, rgb in zip(group, pictures, strict=True) if rgb is not None]
        if whole:
            rows = self._embedder.pictures([rgb for _, rgb in whole])
            self._appender.append([one.digest for one, _ in whole], rows)
            self.report.embedded += len(whole)
        done(len(group))
        return self.report

    def close(self) -> EmbedReport:
        """Put what was made anew in use, and say what there is."""
        self._appender.close()
        self.report.vectors = self._appender.count
        return self.report

    def _picture(self, one: Wanted) -> Pixels | None:
        try:
            return decode(read_verified(self._store, one.image, one.digest.hex())).rgb()
        except StoreUnavailable:
            raise  # the next image would meet the same wall
        except DarkroomError as error:
            self.report.failed[one.image] = f"{error.message} [{error.code}]"
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def digests_in(table: Any) -> Digests:
    """The column `digest` of an Arrow table, without a Python object per row."""
    parts = [_digests(chunk) for chunk in table.column("digest").chunks]
    return np.concatenate([np.zeros((0, DIGEST_BYTES), np.uint8), *parts])


def _digests(chunk: Any) -> Digests:
    _, offsets, data = chunk.buffers()
    if not len(chunk):
        return np.zeros((0, DIGEST_BYTES), np.uint8)
    start = int(np.frombuffer(offsets, np.int32)[chunk.offset])
    whole = np.frombuffer(data, np.uint8)[start : start + len(chunk) * DIGEST_BYTES]
    return whole.reshape(-1, DIGEST_BYTES)


def _group(table: Any, start: int) -> Sequence[Wanted]:
    rows: list[dict[str, Any]] = table.slice(start, BATCH).to_pylist()
    return [Wanted(str(row["image"]), bytes(row["digest"])) for row in rows]


def embed(params: EmbedParams, bar: Bar = no_bar) -> EmbedReport:
    """All of it in this process, without a scheduler."""
    with Embedding(params) as work:
        groups = work.listed()
        with bar("embedding", work.report.contents - work.report.complete) as advance:
            for group in groups:
                work.embed(group, advance)
        return work.close()


def vectors_in(lab: Lab, identity: ModelIdentity) -> VectorFile | None:
    """The vectors of a model as they are now."""
    return open_vectors(folder_of(lab, identity), identity)
