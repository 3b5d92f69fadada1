"""The vectors of one model: one append-only file of halves, one of ids, always in step.

Owns the form on disk. `vectors-<part>.f16` holds unit vectors one after the other,
`ids-<part>.bin` for each the sha256 of its image's bytes and a checksum over both. Vectors
are on the disk before their ids are: whatever a crash leaves over is cut off by the next
writer, and not seen by any reader. Everything here can be made anew from the store.
"""

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from darkroom.adapters.embeddings.protocol import ModelIdentity, Rows
from darkroom.adapters.stores.durable import local_errors
from darkroom.core.config.fields import Record
from darkroom.core.errors import DataError

ABOUT = "about.json"
DIGEST_BYTES = 32
_RECORD = np.dtype([("digest", np.uint8, (DIGEST_BYTES,)), ("crc", "<u4")])
_HALF = np.dtype("<f2")
_SHORTEST = 1e-6
Digests = NDArray[np.uint8]
"""(n, 32): the sha256 of images."""
Halves = NDArray[np.float16]


class About(Record):
    """Which model the files belong to, and which pair of files is in use."""

    document: Literal["darkroom.vectors/1"] = Field(default="darkroom.vectors/1", alias="schema")
    model: str
    weights_sha256: str
    dimensions: int = Field(ge=1, le=65_536)
    part: int = Field(ge=1)
    """Grows when everything is made anew; readers of the former part are not disturbed."""


@dataclass(frozen=True)
class _Files:
    """Two files of one part."""

    folder: Path
    part: int

    @property
    def vectors(self) -> Path:
        return self.folder / f"vectors-{self.part}.f16"

    @property
    def ids(self) -> Path:
        return self.folder / f"ids-{self.part}.bin"


@dataclass(frozen=True)
class VectorFile:
    """The vectors as they were when it was opened; mapped, not read."""

    digests: Digests
    vectors: Halves
    checksums: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def _order(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        heads = _heads(self.digests)
        order = np.argsort(heads, kind="stable")
        return order, heads[order]

    def rows_of(self, digests: Digests) -> NDArray[np.int64]:
        """The row of each image, -1 for those without a vector."""
        rows = np.full(len(digests), -1, np.int64)
        if not len(self) or not len(digests):
            return rows
        order, heads = self._order
        place = np.searchsorted(heads, _heads(digests))
        open_ = np.arange(len(digests))
        while open_.size:  # more than once only where two digests begin alike
            open_ = open_[place[open_] < len(self)]
            at = order[place[open_]]
            same = (self.digests[at] == digests[open_]).all(axis=1)
            rows[open_[same]] = at[same]
            alike = _heads(self.digests[at]) == _heads(digests[open_])
            open_ = open_[alike & ~same]
            place[open_] += 1
        return rows

    def damaged(self) -> NDArray[np.int64]:
        """The rows whose checksum does not fit; reads everything."""
        wrong = [row for row in range(len(self)) if not self._is_whole(row)]
        return np.array(wrong, np.int64)

    def _is_whole(self, row: int) -> bool:
        return _crc(self.digests[row], self.vectors[row]) == self.checksums[row]

    def content(self) -> str:
        """One checksum over what is in it, in whatever order it came."""
        mixed = int(np.bitwise_xor.reduce(self.checksums, initial=np.uint32(0)))
        return f"{len(self)}-{mixed:08x}"


def open_vectors(folder: Path, identity: ModelIdentity) -> VectorFile | None:
    """What there is of a model, without a torn end; None where there is nothing."""
    with local_errors(str(folder)):
        about = _about(folder, identity)
        return None if about is None else _opened(_Files(folder, about.part), identity.dimensions)


def _about(folder: Path, identity: ModelIdentity) -> About | None:
    path = folder / ABOUT
    try:
        about = About.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise DataError("vectors-damaged", "it cannot be read", where=path.name) from exc
    said = (about.model, about.weights_sha256, about.dimensions)
    if said != (identity.name, identity.weights_sha256, identity.dimensions):
        raise DataError("vectors-damaged", "it belongs to another model", where=path.name)
    return about


def _opened(files: _Files, dimensions: int) -> VectorFile:
    row_bytes = dimensions * _HALF.itemsize
    count = min(_size(files.vectors) // row_bytes, _size(files.ids) // _RECORD.itemsize)
    records = np.zeros(0, _RECORD)
    vectors: Halves = np.zeros((0, dimensions), _HALF)
    if count:
        records = np.fromfile(files.ids, _RECORD, count)
        vectors = np.memmap(files.vectors, _HALF, "r", shape=(count, dimensions))
    while count and _crc(records["digest"][count - 1], vectors[count - 1]) != _last(records, count):
        count -= 1  # the end of a write that did not come to its own
    return VectorFile(records["digest"][:count], vectors[:count], records["crc"][:count])


def _last(records: NDArray[np.void], count: int) -> int:
    return int(records["crc"][count - 1])


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _crc(digest: Digests, vector: Halves) -> int:
    return zlib.crc32(vector.tobytes(), zlib.crc32(digest.tobytes()))


def _heads(digests: Digests) -> NDArray[np.uint64]:
    return np.ascontiguousarray(digests[:, :8]).view(np.uint64).reshape(-1)


class Appender:
    """Adds vectors; whoever uses it holds the model's lock, so there is one at a time.

    With `anew` a second part grows beside the one in use, and takes its place in `close`.
    """

    def __init__(self, folder: Path, identity: ModelIdentity, *, anew: bool = False) -> None:
        self._folder, self._identity = folder, identity
        with local_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            about = _about_or_none(folder, identity) if anew else _about(folder, identity)
            self.is_anew = anew
            self._files = _Files(folder, (about.part if about else 0) + (anew or about is None))
            self._drop_all_but(about.part if about else 0)
            self.before = _opened(self._files, identity.dimensions)
            self.count = len(self.before)
            self._cut()
            if not anew:
                self._publish()

    def append(self, digests: Sequence[bytes], vectors: Rows) -> None:
        """Keep these vectors durably; they are made unit vectors here."""
        halves = _halves(vectors)
        records = np.zeros(len(digests), _RECORD)
        for number, digest in enumerate(digests):
            records["digest"][number] = np.frombuffer(digest, np.uint8)
            records["crc"][number] = _crc(records["digest"][number], halves[number])
        with local_errors(str(self._folder)):
            if not self._is_in_step():  # an earlier call found no room for all of it
                self._cut()
            _add(self._files.vectors, halves.tobytes())
            _add(self._files.ids, records.tobytes())
        self.count += len(digests)

    def close(self) -> None:
        """Make what was written anew the one in use."""
        with local_errors(str(self._folder)):
            if self.is_anew:
                self._publish()
                self._drop_all_but(self._files.part)

    def _sizes(self) -> dict[Path, int]:
        row_bytes = self._identity.dimensions * _HALF.itemsize
        return {
            self._files.vectors: self.count * row_bytes,
            self._files.ids: self.count * _RECORD.itemsize,
        }

    def _is_in_step(self) -> bool:
        return all(_size(path) == size for path, size in self._sizes().items())

    def _cut(self) -> None:
        for path, size in self._sizes().items():
            with path.open("ab") as file:
                file.truncate(size)
                os.fsync(file.fileno())

    def _publish(self) -> None:
        about = About(
            model=self._identity.name,
            weights_sha256=self._identity.weights_sha256,
            dimensions=self._identity.dimensions,
            part=self._files.part,
        )
        beside = self._folder / f".{ABOUT}.part"
        with beside.open("wb") as file:
            file.write(about.model_dump_json(by_alias=True).encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._folder / ABOUT)

    def _drop_all_but(self, part: int) -> None:
        kept = _Files(self._folder, part)
        for path in [*self._folder.glob("vectors-*.f16"), *self._folder.glob("ids-*.bin")]:
            if path not in {kept.vectors, kept.ids}:
                path.unlink(missing_ok=True)


def _about_or_none(folder: Path, identity: ModelIdentity) -> About | None:
    """As `_about`, but a damaged one is as good as none where all is made anew."""
    with suppress(DataError):
        return _about(folder, identity)
    return None


def _halves(vectors: Rows) -> Halves:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or (lengths < _SHORTEST).any():
        raise DataError("vector-invalid", "a model gave a vector without direction")
    return (vectors / lengths).astype(_HALF)


def _add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
