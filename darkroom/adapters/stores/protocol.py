"""What a store is: six verbs over write-once keys.

States the contract that `FolderStore` and `S3Store` keep and that
tests/adapters/stores proves on each of them. Knows no implementation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Stat:
    """What a store says of a key without sending the bytes."""

    key: str
    size_bytes: int
    etag: str | None
    """Opaque; the md5 of the content where the store says so, else None."""
    modified_at: float
    """Seconds since the epoch, by the store's clock."""


class Store(Protocol):
    """Bytes under keys. Every call ends within a bounded time, by answer or by StoreError."""

    @property
    def name(self) -> str:
        """How messages call this store; never holds a secret."""
        ...

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        """Write the bytes durably and return their sha256; all or nothing.

        What need not outlast a loss of power, only the process, need not be waited for.
        """
        ...

    def get(self, key: str) -> bytes:
        """Read the whole content, or raise KeyNotFound."""
        ...

    def head(self, key: str) -> Stat | None:
        """Say what is there, or None."""
        ...

    def iter_keys(self, prefix: str = "", start_after: str = "") -> Iterator[str]:
        """Yield keys under the prefix in ascending order, lazily, beyond 1,000."""
        ...

    def delete(self, key: str) -> None:
        """Remove the key; removing what is absent is no error."""
        ...

    def url_for(self, key: str) -> str:
        """An address a person can open on this machine; never signed, never stored."""
        ...


@runtime_checkable
class Closable(Protocol):
    """A store that holds connections."""

    def close(self) -> None:
        """Let them go."""
        ...
