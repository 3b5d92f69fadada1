"""Many objects at once are as durable, as whole and as refused as one by one."""

import os
from pathlib import Path

import pytest

from darkroom.adapters.stores import FolderStore, SpooledStore, bulk
from darkroom.adapters.stores.bulk import Parcel, put_many
from darkroom.core.errors import StoreCorrupt, StoreDenied, StoreUnavailable, UsageError

PARCELS = [
    Parcel(f"p/working/r{at % 3}/images/{at}.png", bytes([at]), "image/png") for at in range(9)
]


class Remote:
    """A store that is no folder; it may take other bytes, or nothing at all."""

    name = "remote"

    def __init__(self, *, says: str = "", is_away: bool = False) -> None:
        self.objects: dict[str, bytes] = {}
        self._says = says
        self._is_away = is_away

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        if self._is_away:
            raise StoreUnavailable("store-unreachable", "is away")
        self.objects[key] = data
        return self._says or bulk.hashlib.sha256(data).hexdigest()


def held(store: FolderStore) -> dict[str, bytes]:
    return {key: store.get(key) for key in store.iter_keys()}


def test_everything_is_there_and_nothing_is_left_over(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put_many(store, PARCELS)
    assert held(store) == {parcel.key: parcel.data for parcel in PARCELS}
    assert os.listdir(tmp_path / ".darkroom-tmp") == []  # noqa: PTH208 - names only


def test_nothing_to_put_touches_nothing(tmp_path: Path) -> None:
    put_many(FolderStore(tmp_path), [])
    assert list(tmp_path.iterdir()) == []


def test_an_object_is_replaced_like_a_single_one(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put_many(store, [Parcel("a", b"old", "text/plain")])
    put_many(store, [Parcel("a", b"new", "text/plain")])
    assert store.get("a") == b"new"


@pytest.mark.parametrize("key", ["../x", "A", "", "p//q"])
def test_one_bad_key_keeps_all_of_them_out(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path)
    with pytest.raises(UsageError):
        put_many(store, [*PARCELS, Parcel(key, b"", "image/png")])
    assert held(store) == {}


def test_a_link_in_the_way_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    (tmp_path / "store" / "here").symlink_to(tmp_path)
    with pytest.raises(StoreDenied):
        put_many(store, [Parcel("here", b"", "text/plain")])


def test_the_bytes_wait_for_the_disk_before_any_name_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, seen = FolderStore(tmp_path), list[int]()
    monkeypatch.setattr(bulk.os, "sync", lambda: seen.append(len(held(store))))
    put_many(store, PARCELS)
    assert seen == [0]


def test_where_one_wait_is_not_enough_each_file_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    monkeypatch.setattr(bulk.sys, "platform", "darwin")
    put_many(store, PARCELS)
    assert len(held(store)) == len(PARCELS)


def test_another_store_gets_them_one_by_one() -> None:
    store = Remote()
    put_many(store, PARCELS)
    assert len(store.objects) == len(PARCELS)


def test_a_store_that_takes_other_bytes_is_not_believed() -> None:
    with pytest.raises(StoreCorrupt):
        put_many(Remote(says="0" * 64), PARCELS)


def test_behind_a_waiting_spool_they_wait_too(tmp_path: Path) -> None:
    away = SpooledStore(Remote(is_away=True), tmp_path / "spool")
    away.put("first", b"1", "text/plain")
    put_many(away, PARCELS)
    assert away.pending().waiting == 1 + len(PARCELS)


def test_a_spool_with_nothing_in_it_is_passed_by(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path / "store")
    put_many(SpooledStore(folder, tmp_path / "spool"), PARCELS)
    assert len(held(folder)) == len(PARCELS)
