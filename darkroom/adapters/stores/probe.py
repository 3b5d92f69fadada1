"""Finds out what a store really does, before a laboratory trusts it.

Owns the checks that every kind of store must pass and the report; what only an S3
server or only a folder can get wrong is in `probe_s3`, `probe_policy` and
`probe_folder`. Writes only below one random prefix and removes it at the end.
Never shows a credential.
"""

import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DarkroomError, StoreError

PREFIX = "darkroom-probe"
_PLAIN = "text/plain"
_THREADS = 16
_ODD = ("a", "-", "_x", "0.0", "a..b", "with.many.dots.png.json", "x" * 120, "d" * 100)
_ORDERED = ("o/-x", "o/a-b", "o/a.b", "o/a/b", "o/a0", "o/a_b", "o/b")

Verdict = Literal["ok", "warning", "failed", "insecure"]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    check: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class Report:
    """Everything found out about one store."""

    store: str
    credentials: str
    findings: tuple[Finding, ...]

    def insist(self, *, allow_insecure: bool) -> None:
        """Raise when the store must not be used, or not without the person's word."""
        insecure = [f.check for f in self.findings if f.verdict == "insecure"]
        if insecure and not allow_insecure:
            raise StoreError(
                "store-insecure",
                f"anybody could use this store: {', '.join(insecure)}",
                where=self.store,
            )
        failed = [f.check for f in self.findings if f.verdict == "failed"]
        if failed:
            raise StoreError("store-check-failed", f"failed: {', '.join(failed)}", where=self.store)


Check = Callable[[Store, str], Finding]
"""A check gets the store and a prefix of its own."""


def run_checks(store: Store, checks: Sequence[Check], prefix: str) -> Iterator[Finding]:
    """Run one check after the other; one that breaks is a finding, not the end."""
    for number, check in enumerate(checks):
        try:
            yield check(store, f"{prefix}/{number:02d}")
        except DarkroomError as error:
            name = check.__name__.strip("_").replace("_", " ")
            yield Finding(name, "failed", f"{error.code}: {error.message}")


@contextmanager
def cleaned_up(store: Store) -> Generator[str]:
    """Give a random prefix and remove whatever lies under it afterwards."""
    prefix = f"{PREFIX}/{secrets.token_hex(8)}"
    try:
        yield prefix
    finally:
        with suppress(DarkroomError):  # a store that cannot even delete was reported already
            in_parallel(store.delete, list(store.iter_keys(f"{prefix}/")))


def in_parallel(action: Callable[[str], object], keys: Sequence[str]) -> None:
    """Do something for many keys at once."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(action, keys):
            pass


def what_is_written_is_read(store: Store, prefix: str) -> Finding:
    """A megabyte comes back as it was written."""
    data = secrets.token_bytes(2**20)
    store.put(f"{prefix}/data", data, _PLAIN)
    same = store.get(f"{prefix}/data") == data
    return _finding("write and read", same, "1 MiB came back unchanged", "other bytes came back")


def the_latest_bytes_win(store: Store, prefix: str) -> Finding:
    """A second write of a key replaces the first."""
    store.put(f"{prefix}/data", b"first, and longer", _PLAIN)
    store.put(f"{prefix}/data", b"second", _PLAIN)
    latest = store.get(f"{prefix}/data") == b"second"
    return _finding("overwrite", latest, "the latest bytes are read", "the first bytes stay")


def a_deleted_key_is_gone(store: Store, prefix: str) -> Finding:
    """What was deleted is absent, and may be deleted again."""
    store.put(f"{prefix}/data", b"x", _PLAIN)
    store.delete(f"{prefix}/data")
    store.delete(f"{prefix}/data")
    gone = store.head(f"{prefix}/data") is None
    return _finding("delete", gone, "a deleted key is absent", "a deleted key is still there")


def odd_keys_are_kept(store: Store, prefix: str) -> Finding:
    """The longest and oddest keys we may ever use."""
    missing: list[str] = []
    for name in _ODD:
        key = f"{prefix}/{name}"
        store.put(key, name.encode(), _PLAIN)
        if store.get(key) != name.encode():
            missing.append(name)
    listed = set(store.iter_keys(f"{prefix}/"))
    missing += [name for name in _ODD if f"{prefix}/{name}" not in listed]
    return _finding("odd keys", not missing, f"{len(_ODD)} kept", f"lost: {', '.join(missing)}")


def listings_ascend(store: Store, prefix: str) -> Finding:
    """Keys come in the order of whole keys, from any starting point."""
    keys = [f"{prefix}/{name}" for name in _ORDERED]
    in_parallel(lambda key: store.put(key, b"x", _PLAIN), keys)
    right = all(
        list(store.iter_keys(f"{prefix}/", after)) == [key for key in keys if key > after]
        for after in ("", *keys)
    )
    return _finding("listing order", right, "ascending", "out of order: listings cannot be used")


def listings_go_on(count: int) -> Check:
    """Make a check that a listing does not stop after one page."""

    def a_long_listing_is_complete(store: Store, prefix: str) -> Finding:
        keys = [f"{prefix}/{number:05d}" for number in range(count)]
        in_parallel(lambda key: store.put(key, b"", _PLAIN), keys)
        seen = len(list(store.iter_keys(f"{prefix}/")))
        return _finding(
            "paging", seen == count, f"{count} keys listed", f"{seen} of {count} keys listed"
        )

    return a_long_listing_is_complete


def _finding(check: str, passed: bool, good: str, bad: str) -> Finding:
    return Finding(check, "ok" if passed else "failed", good if passed else bad)


EVERY_STORE: tuple[Check, ...] = (
    what_is_written_is_read,
    the_latest_bytes_win,
    a_deleted_key_is_gone,
    odd_keys_are_kept,
    listings_ascend,
)
