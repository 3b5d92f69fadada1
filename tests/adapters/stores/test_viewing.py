"""How a page that is not ours shows an image: for a while, or by the command that does."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
from pydantic import SecretStr

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.s3_settings import S3Settings
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.adapters.stores.viewing import (
    OPEN_FOR,
    address_of,
    how_to_see,
    link,
    name_of,
    picture,
)
from tests.fakes.image_files import png

KEY = "demo/working/2026-01-02_03-04-05/images/iteration_012.png"
SHORT = "demo/2026-01-02_03-04-05/12"
SECRET = "canary-secret-key"


def bucket(tmp_path: Path, *, signs: bool = True) -> SpooledStore:
    keys = (SecretStr("someone"), SecretStr(SECRET)) if signs else (None, None)
    settings = S3Settings("http://127.0.0.1:9", "images", *keys)
    return SpooledStore(S3Store(settings), tmp_path / "spool", 2**20)


def test_an_address_of_a_bucket_opens_for_a_quarter_of_an_hour_and_holds_no_secret(
    tmp_path: Path,
) -> None:
    url = address_of(bucket(tmp_path), KEY)
    assert url is not None
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["900"]
    assert timedelta(minutes=15) == OPEN_FOR
    assert SECRET not in url
    assert link(bucket(tmp_path), KEY).startswith("[iteration_012.png](http://127.0.0.1:9/images/")
    assert "15 minutes" in how_to_see(bucket(tmp_path), KEY)


def test_without_credentials_the_address_is_the_plain_one(tmp_path: Path) -> None:
    assert address_of(bucket(tmp_path, signs=False), KEY) == f"http://127.0.0.1:9/images/{KEY}"


def test_an_image_in_a_folder_has_a_name_and_a_command(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert address_of(store, KEY) is None
    assert link(store, KEY) == f"`{SHORT}`"
    assert f"darkroom show {SHORT}" in how_to_see(store, KEY)


def test_an_unusual_key_is_its_own_name() -> None:
    assert name_of("demo/output/sheet.png") == "demo/output/sheet.png"


def test_a_key_that_is_none_has_no_address(tmp_path: Path) -> None:
    assert address_of(bucket(tmp_path), "../x") is None


def test_the_image_is_in_the_page_small(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(KEY, png(600, 400), "image/png")
    shown = picture(store, KEY)
    assert shown.startswith("![iteration_012.png](data:image/png;base64,")
    assert len(shown) < 40_000


def test_an_address_of_a_bucket_really_opens_and_stands_below_the_picture(
    rclone_store: S3Store,
) -> None:
    data = png(60, 40)
    rclone_store.put(KEY, data, "image/png")
    url = address_of(rclone_store, KEY)
    assert url is not None
    with requests.get(url, timeout=60) as answer:
        assert answer.content == data
    shown, _, below = picture(rclone_store, KEY).partition("\n\n")
    assert shown.startswith("![")
    assert below.startswith("[iteration_012.png](http")


def test_an_image_that_cannot_be_read_is_a_link(tmp_path: Path) -> None:
    assert picture(FolderStore(tmp_path), KEY) == f"`{SHORT}`"


def test_no_image_is_nothing_to_see(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert (link(store, None), picture(store, None), how_to_see(store, None)) == ("-", "", "")
