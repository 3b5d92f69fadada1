"""The contract of `protocol.Store`, on every kind of store, also through the idle fault proxy."""

import hashlib
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.errors import KeyNotFound, StoreCorrupt, StoreError, UsageError

PNG = "image/png"
HOSTILE_KEYS = [
    "", "/", ".", "..", "../x", "a/../b", "a/./b", "a//b", "/a", "a/", ".hidden", "a/.tmp", "A/b",
    "a b", "a\nb", "a\x00b", "é", "a\\b", "a:b", "C:/x", "~", "*", "a?b", "a#b", "a%2e%2e",
    "%2e%2e/x", "x" * 121, "/".join(["d" * 100] * 6), "a\u202eb", "\udcff",
    "a" * 100_000, "a/" * 300,
]  # fmt: skip
ORDERED = ["o/-x", "o/a-b", "o/a.b", "o/a/b", "o/a/b-c", "o/a0", "o/a_b", "o/b", "z"]


def fill(store: Store, keys: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, key.encode(), "text/plain"), keys))


def test_what_was_put_is_read_back(store: Store) -> None:
    data = secrets.token_bytes(100_000)
    store.put("demo/working/run/images/iteration_001.png", data, PNG)
    assert store.get("demo/working/run/images/iteration_001.png") == data


def test_put_returns_the_sha256(store: Store) -> None:
    assert store.put("a/b", b"content", PNG) == hashlib.sha256(b"content").hexdigest()


@pytest.mark.parametrize("data", [b"", b"\x00", b"\r\n\r\n", b"x" * 3_000_001])
def test_any_content_survives(store: Store, data: bytes) -> None:
    store.put("a/b", data, "application/octet-stream")
    assert store.get("a/b") == data


def test_an_upload_of_many_megabytes_arrives_whole(store: Store) -> None:
    data = secrets.token_bytes(1024) * 12 * 1024
    assert store.put("a/big", data, PNG) == hashlib.sha256(store.get("a/big")).hexdigest()


def test_an_absent_key_is_not_found(store: Store) -> None:
    with pytest.raises(KeyNotFound):
        store.get("no/such/key")


def test_the_head_of_an_absent_key_is_none(store: Store) -> None:
    assert store.head("no/such/key") is None


def test_a_folder_of_keys_is_no_key(store: Store) -> None:
    store.put("a/b/c", b"1", PNG)
    assert store.head("a/b") is None
    with pytest.raises(KeyNotFound):
        store.get("a/b")


def test_what_lies_below_a_key_is_absent(store: Store) -> None:
    store.put("a/b", b"1", PNG)
    assert store.head("a/b/c") is None
    with pytest.raises(KeyNotFound):
        store.get("a/b/c")


@pytest.mark.parametrize(
    "store", ["folder", "rclone", "rclone-behind-proxy"], indirect=True
)  # moto keeps objects in memory, where nothing is a folder
def test_a_key_below_a_key_is_a_conflict_in_every_store_on_files(store: Store) -> None:
    store.put("a/b", b"1", PNG)
    for crossed in ("a/b/c", "a/b/c/d"):
        with pytest.raises(StoreError) as caught:
            store.put(crossed, b"2", PNG)
        assert caught.value.code == "store-key-conflict"
    assert list(store.iter_keys()) == ["a/b"]


def test_the_head_tells_size_and_time(store: Store) -> None:
    store.put("a/b", b"12345", PNG)
    stat = store.head("a/b")
    assert stat is not None
    assert (stat.key, stat.size_bytes) == ("a/b", 5)
    assert stat.modified_at > 1_600_000_000


def test_an_etag_when_told_is_the_md5(store: Store) -> None:
    store.put("a/b", b"12345", PNG)
    stat = store.head("a/b")
    assert stat is not None
    assert stat.etag in {None, hashlib.md5(b"12345").hexdigest()}


def test_putting_the_same_bytes_again_changes_nothing(store: Store) -> None:
    assert store.put("a/b", b"same", PNG) == store.put("a/b", b"same", PNG)
    assert list(store.iter_keys()) == ["a/b"]


def test_the_latest_bytes_win(store: Store) -> None:
    store.put("a/b", b"a longer first version", PNG)
    store.put("a/b", b"second", PNG)
    assert store.get("a/b") == b"second"


def test_a_deleted_key_is_gone(store: Store) -> None:
    store.put("a/b", b"1", PNG)
    store.delete("a/b")
    assert store.head("a/b") is None
    assert list(store.iter_keys()) == []


def test_deleting_what_is_absent_is_no_error(store: Store) -> None:
    store.delete("no/such/key")


def test_deleting_leaves_the_neighbours(store: Store) -> None:
    fill(store, ["a/b", "a/bc", "a/b.json"])
    store.delete("a/b")
    assert list(store.iter_keys()) == ["a/b.json", "a/bc"]


def test_a_deleted_key_can_be_put_again(store: Store) -> None:
    store.put("a/b", b"1", PNG)
    store.delete("a/b")
    store.put("a/b", b"2", PNG)
    assert store.get("a/b") == b"2"


def test_hostile_keys_are_refused_by_every_store(store: Store) -> None:
    for key in HOSTILE_KEYS:
        for verb in (store.get, store.head, store.delete, store.url_for):
            with pytest.raises(UsageError):
                verb(key)
        with pytest.raises(UsageError):
            store.put(key, b"x", PNG)
    assert list(store.iter_keys()) == []


def test_a_prefix_that_no_key_can_have_is_refused_at_once(store: Store) -> None:
    for prefix in ("../", "/", "a//", "A", "a b", "./", "a/../", "\x00", "x" * 600):
        with pytest.raises(UsageError):
            store.iter_keys(prefix)
        with pytest.raises(UsageError):
            store.iter_keys("", prefix)


def test_a_content_type_that_is_none_is_refused(store: Store) -> None:
    for kind in ("", "image", "image/png\r\nX-Evil: 1", "image/png; a=b", "é/x"):
        with pytest.raises(UsageError):
            store.put("a/b", b"x", kind)


def test_an_object_bigger_than_any_picture_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.adapters.stores.intake.MAX_OBJECT_BYTES", 10)
    with pytest.raises(UsageError):
        store.put("a/b", b"x" * 11, PNG)


def test_every_key_the_grammar_allows_is_kept(store: Store) -> None:
    keys = ["0", "_a/-b/c.d-e_f.png.json", "a..b", "/".join(["d" * 101] * 5), "x" * 120]
    for key in keys:
        store.put(key, key.encode(), PNG)
        assert store.get(key) == key.encode()
    assert list(store.iter_keys()) == keys


def test_keys_come_in_the_order_of_whole_keys(store: Store) -> None:
    fill(store, ORDERED)
    assert list(store.iter_keys()) == ORDERED


def test_a_prefix_selects_by_its_letters(store: Store) -> None:
    fill(store, ORDERED)
    for prefix in ("", "o", "o/", "o/a", "o/a/", "o/a/b", "o/a/b-c", "z", "q", "o/a/b/"):
        assert list(store.iter_keys(prefix)) == [k for k in ORDERED if k.startswith(prefix)]


def test_a_listing_starts_after_a_key(store: Store) -> None:
    fill(store, ORDERED)
    for after in ("o/a", "o/a-b", "o/a/", "o/a/b", "o/a/zzz", "o/a0", "o/b", "z", "zz"):
        later = [key for key in ORDERED if key > after]
        assert list(store.iter_keys(start_after=after)) == later
        assert list(store.iter_keys("o/a", after)) == [k for k in later if k.startswith("o/a")]


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert list(store.iter_keys()) == []
    assert list(store.iter_keys("no/such/")) == []


def test_an_object_deleted_during_a_listing_is_tolerated(store: Store) -> None:
    fill(store, ["a/1", "a/2", "b/1"])
    listing = store.iter_keys()
    assert next(listing) == "a/1"
    store.delete("b/1")
    assert [*listing][:1] == ["a/2"]


def test_a_racing_reader_sees_one_whole_version(store: Store) -> None:
    versions = [bytes([n]) * 200_000 for n in range(1, 6)]
    store.put("a/b", versions[0], PNG)
    done = threading.Event()
    torn: list[int] = []

    def read() -> None:
        while not done.is_set():
            try:
                data = store.get("a/b")
            except StoreError:  # a busy server may drop a reader, but must not lie to it
                continue
            if data not in versions:
                torn.append(len(data))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in versions * 3:
            store.put("a/b", version, PNG)
    finally:
        done.set()
        reader.join()
    assert torn == []


@pytest.mark.parametrize(
    "store", ["folder", "rclone", "rclone-behind-proxy"], indirect=True
)  # moto answers 500 to writers who race
def test_writers_of_the_same_bytes_all_succeed(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        hashes = set(pool.map(lambda _: store.put("a/b", b"same" * 1000, PNG), range(16)))
    assert len(hashes) == 1
    assert store.get("a/b") == b"same" * 1000


def test_a_verified_read_returns_what_the_hash_names(store: Store) -> None:
    assert read_verified(store, "a/b", store.put("a/b", b"x", PNG)) == b"x"


def test_a_verified_read_refuses_other_bytes(store: Store) -> None:
    store.put("a/b", b"x", PNG)
    with pytest.raises(StoreCorrupt):
        read_verified(store, "a/b", hashlib.sha256(b"y").hexdigest())


def test_the_address_of_a_key_ends_with_the_key(store: Store) -> None:
    assert store.url_for("a/b.png").endswith("/a/b.png")


def test_the_name_holds_no_secret(store: Store) -> None:
    if isinstance(store, S3Store):
        assert store.settings.secret_key is not None
        assert store.settings.secret_key.get_secret_value() not in store.name + repr(store.settings)
