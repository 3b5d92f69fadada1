"""Where a grid page finds its pictures."""

import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from darkroom.adapters.stores.folder import FolderStore
from darkroom.core.errors import StoreUnavailable
from darkroom.experiments.grid_pictures import pictures
from tests.experiments.grid_scenes import key_of, png, store_with


class Bucket(FolderStore):
    """A store whose objects are no files of this machine."""

    is_away = False

    def url_for(self, key: str) -> str:
        return f"https://bucket.example/{key}"

    def get(self, key: str) -> bytes:
        if self.is_away:
            raise StoreUnavailable("store-unreachable", "away")
        return super().get(key)


def bucket(root: Path, count: int = 1) -> Bucket:
    store_with(root, count)
    return Bucket(root)


def noisy(side: int) -> bytes:
    import io

    target = io.BytesIO()
    Image.effect_noise((side, side), 60).save(target, "PNG")
    return target.getvalue()


def test_a_small_file_is_linked_as_it_is_seen_from_the_page(tmp_path: Path) -> None:
    store = store_with(tmp_path / "a store", 1)
    page = tmp_path / "pages" / "deep"
    picture = pictures(store, [key_of(0)], page)[key_of(0)]
    assert picture.small == picture.whole == picture.original
    assert "%20" in picture.small
    linked = Path(os.path.normpath(page / unquote(picture.small)))
    assert linked.read_bytes() == png(0)
    assert not page.exists()


def test_a_large_file_gets_a_small_copy_and_keeps_its_link(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put(key_of(0), noisy(700), "image/png")
    picture = pictures(store, [key_of(0)], tmp_path / "page")[key_of(0)]
    with Image.open(tmp_path / "page" / picture.small) as small:
        assert (small.format, max(small.size)) == ("WEBP", 384)
    assert picture.whole.endswith("iteration_000.png")


def test_an_image_in_a_bucket_gets_a_copy_and_links_there(tmp_path: Path) -> None:
    picture = pictures(bucket(tmp_path / "s"), [key_of(0)], tmp_path / "page")[key_of(0)]
    assert picture.small == picture.whole
    assert (tmp_path / "page" / picture.small).is_file()
    assert picture.original == f"https://bucket.example/{key_of(0)}"


def test_a_copy_is_made_once(tmp_path: Path) -> None:
    store = bucket(tmp_path / "s")
    first = pictures(store, [key_of(0)], tmp_path / "page")
    store.is_away = True
    assert pictures(store, [key_of(0)], tmp_path / "page") == first
    assert not list((tmp_path / "page").rglob("*.part"))


def test_what_cannot_be_read_is_left_out_and_a_store_that_is_away_is_said(tmp_path: Path) -> None:
    store = bucket(tmp_path / "s")
    store.put(key_of(1), b"no picture", "image/png")
    counted: list[int] = []
    found = pictures(store, [key_of(n) for n in (0, 1, 7)], tmp_path / "page", counted.append)
    assert list(found) == [key_of(0)]
    assert sum(counted) == 3
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        pictures(store, [key_of(5)], tmp_path / "page")
