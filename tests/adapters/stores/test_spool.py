"""Nothing finished is lost while the store is away, and it arrives later in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.adapters.stores import durable, spool
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Stat
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.adapters.stores.spool_files import SpoolFiles
from darkroom.core.errors import (
    DarkroomError,
    KeyNotFound,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreSkewed,
    StoreUnavailable,
    UsageError,
)
from tests.fakes.fault_proxy import FaultProxy

PNG = "image/png"
AWAY = StoreUnavailable("store-unavailable", "away")


class Moody(FolderStore):
    """A folder store that fails with the given error while it has one, and notes its puts."""

    mood: DarkroomError | None = None

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts: list[str] = []

    def _answer(self) -> None:
        if self.mood is not None:
            raise type(self.mood)(self.mood.code, self.mood.message)

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        self._answer()
        self.puts.append(key)
        return super().put(key, data, content_type, lasting=lasting)

    def get(self, key: str) -> bytes:
        self._answer()
        return super().get(key)

    def head(self, key: str) -> Stat | None:
        self._answer()
        return super().head(key)

    def iter_keys(self, prefix: str = "", start_after: str = "") -> Iterator[str]:
        self._answer()
        return super().iter_keys(prefix, start_after)

    def delete(self, key: str) -> None:
        self._answer()
        super().delete(key)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is slow for seconds must not decide what a put still delivers."""
    monkeypatch.setattr(spool, "_WHILE_PUTTING_S", 600.0)
    monkeypatch.setattr(spool, "_LOCK_WAIT_S", 60.0)


@pytest.fixture
def inner(root: Path) -> Moody:
    return Moody(root)


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spooled(inner: Moody, spool_dir: Path) -> SpooledStore:
    return SpooledStore(inner, spool_dir, 1_000_000)


def test_a_healthy_store_takes_everything_itself(
    spooled: SpooledStore, inner: Moody, spool_dir: Path
) -> None:
    spooled.put("a/b", b"x", PNG)
    assert (inner.get("a/b"), spool_dir.exists()) == (b"x", False)
    assert spooled.pending().waiting == 0


@pytest.mark.parametrize("mood", [AWAY, StoreFull("store-full", "full")])
def test_what_the_store_cannot_take_now_waits(
    spooled: SpooledStore, inner: Moody, mood: DarkroomError
) -> None:
    inner.mood = mood
    assert spooled.put("a/b", b"x", PNG) == spooled.put("a/b", b"x", PNG)
    assert spooled.get("a/b") == b"x"
    status = spooled.pending()
    assert (status.waiting, status.last_error, status.set_aside) == (1, mood.code, 0)
    assert status.size_bytes > 0
    assert status.oldest_at is not None


@pytest.mark.parametrize(
    "mood",
    [
        StoreDenied("store-denied", "no"),
        StoreSkewed("store-clock-skew", "clock"),
        StoreError("store-bucket-missing", "gone"),
        StoreCorrupt("store-write-differs", "differs"),
    ],
    ids=lambda mood: mood.code,
)
def test_what_waiting_cannot_cure_is_raised_and_the_bytes_are_kept(
    spooled: SpooledStore, inner: Moody, mood: DarkroomError
) -> None:
    inner.mood = mood
    for key in ("a/1", "a/2"):  # the second waits behind the first
        with pytest.raises(type(mood), match="kept in the spool"):
            spooled.put(key, b"x", PNG)
    assert spooled.pending().waiting == 2
    inner.mood = None
    assert spooled.drain().sent == 2
    assert inner.puts == ["a/1", "a/2"]


def test_a_key_that_is_none_is_refused_and_not_kept(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    with pytest.raises(UsageError):
        spooled.put("../x", b"x", PNG)
    assert spooled.pending().waiting == 0


def test_what_waits_is_read_listed_and_described_first(spooled: SpooledStore, inner: Moody) -> None:
    for key in ("a/1", "a/3"):
        spooled.put(key, b"stored", PNG)
    inner.mood = AWAY
    spooled.put("a/2", b"waiting", PNG)
    spooled.put("a/3", b"newer", PNG)
    inner.mood = None
    assert list(spooled.iter_keys()) == ["a/1", "a/2", "a/3"]
    assert list(spooled.iter_keys("a/", "a/1")) == ["a/2", "a/3"]
    assert list(spooled.iter_keys("b")) == []
    assert (spooled.get("a/1"), spooled.get("a/3")) == (b"stored", b"newer")
    stat = spooled.head("a/2")
    assert stat is not None
    assert (stat.size_bytes, spooled.head("a/9")) == (7, None)


def test_a_listing_without_the_store_is_an_error_not_half_a_list(
    spooled: SpooledStore, inner: Moody
) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    with pytest.raises(StoreUnavailable):
        list(spooled.iter_keys())


def test_delivery_is_in_order_and_only_once(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    keys = [f"a/{number}" for number in (5, 3, 9, 1)]
    for key in keys:
        spooled.put(key, key.encode(), PNG)
    inner.mood = None
    report = spooled.drain()
    assert (report.sent, report.left, report.error) == (4, 0, None)
    assert inner.puts == keys
    assert spooled.drain().sent == 0


def test_a_sidecar_never_overtakes_its_waiting_image(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    spooled.put("a/1.png", b"image", PNG)
    inner.mood = None
    spooled.put("a/1.png.json", b"{}", PNG)
    assert inner.puts == ["a/1.png", "a/1.png.json"]
    assert spooled.pending().waiting == 0


def test_the_younger_of_two_waiting_versions_wins(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    for version in (b"1", b"2", b"3"):
        spooled.put("a/b", version, PNG)
    assert spooled.get("a/b") == b"3"
    inner.mood = None
    spooled.drain()
    assert inner.get("a/b") == b"3"


def test_delivery_stops_at_the_first_failure_and_keeps_the_rest(
    spooled: SpooledStore, inner: Moody
) -> None:
    inner.mood = AWAY
    for number in range(3):
        spooled.put(f"a/{number}", b"x", PNG)
    report = spooled.drain()
    assert (report.sent, report.left) == (0, 3)
    assert isinstance(report.error, StoreUnavailable)


def test_a_delivery_without_time_left_sends_nothing(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    inner.mood = None
    assert spooled.drain(budget_s=0.0).left == 1


def test_two_deliveries_at_once_are_one(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    inner.mood = None
    with spooled._files.alone(0.0) as alone:
        assert alone
        report = spooled.drain(wait_s=0.06)
        with pytest.raises(StoreUnavailable):
            _delete_impatiently(spooled, "a/1")
    assert (report.sent, report.left) == (0, 1)
    assert report.error is not None
    assert report.error.code == "spool-busy"


def _delete_impatiently(spooled: SpooledStore, key: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("darkroom.adapters.stores.spool._LOCK_WAIT_S", 0.0)
        spooled.delete(key)


def test_an_object_that_can_never_be_delivered_does_not_hold_up_the_others(
    spooled: SpooledStore, inner: Moody
) -> None:
    FolderStore.put(inner, "p", b"x", PNG)
    inner.mood = AWAY
    for key in ("p/q", "r"):
        spooled.put(key, b"x", PNG)
    inner.mood = None
    report = spooled.drain()
    assert (report.sent, report.left, report.set_aside) == (1, 0, 1)
    assert spooled.pending().set_aside == 1


def damage(spool_dir: Path, how: bytes | None) -> None:
    (entry,) = spool_dir.glob("*.entry")
    entry.write_bytes(entry.read_bytes()[:-1] + b"!" if how is None else how)


@pytest.mark.parametrize("how", [None, b"", b"not json", b"[]\nx", b"{}\nx", b"\xff\n"])
def test_a_damaged_waiting_file_is_reported_and_never_delivered(
    spooled: SpooledStore, inner: Moody, spool_dir: Path, how: bytes | None
) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    damage(spool_dir, how)
    inner.mood = None
    with pytest.raises(StoreCorrupt):
        SpooledStore(inner, spool_dir).get("a/1")
    assert list(SpooledStore(inner, spool_dir).iter_keys()) in ([], ["a/1"])
    assert (spooled.drain().set_aside, inner.puts) == (1, [])


def test_a_full_spool_says_so_and_keeps_what_it_has(inner: Moody, spool_dir: Path) -> None:
    spooled = SpooledStore(inner, spool_dir, 1_000)
    inner.mood = AWAY
    spooled.put("a/1", b"x" * 600, PNG)
    for _ in range(2):
        with pytest.raises(StoreFull, match="of 1000 bytes"):
            spooled.put("a/2", b"x" * 600, PNG)
    assert spooled.get("a/1") == b"x" * 600
    inner.mood = None
    spooled.put("a/2", b"x" * 600, PNG)  # delivers the first to make room
    assert inner.puts == ["a/1", "a/2"]


def test_neither_store_nor_spool_is_one_clear_error(inner: Moody, spool_dir: Path) -> None:
    inner.mood = AWAY
    with pytest.raises(StoreFull) as caught:
        SpooledStore(inner, spool_dir, 10).put("a/1", b"x" * 600, PNG)
    assert caught.value.code == "spool-failed"
    assert "away" in caught.value.message


def test_a_full_disk_under_the_spool_leaves_no_half_file(
    spooled: SpooledStore, inner: Moody, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.mood = AWAY

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "write", full)
    with pytest.raises(StoreFull):
        spooled.put("a/1", b"x", PNG)
    assert [path for path in spool_dir.rglob("*") if path.is_file()] == []


def test_deleting_removes_what_waits_too(spooled: SpooledStore, inner: Moody) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    with pytest.raises(StoreUnavailable):
        spooled.delete("a/1")
    assert spooled.get("a/1") == b"x"
    inner.mood = None
    spooled.delete("a/1")
    assert spooled.head("a/1") is None
    with pytest.raises(KeyNotFound):
        spooled.get("a/1")


def test_a_clock_set_back_does_not_change_the_order(
    spooled: SpooledStore, inner: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    monkeypatch.setattr("darkroom.adapters.stores.spool_files.time.time_ns", lambda: 5)
    spooled.put("a/0", b"x", PNG)
    inner.mood = None
    spooled.drain()
    assert inner.puts == ["a/1", "a/0"]


def test_another_process_sees_what_waits(
    spooled: SpooledStore, inner: Moody, spool_dir: Path
) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    second = SpooledStore(inner, spool_dir)
    assert second.get("a/1") == b"x"
    assert second.pending().last_error == "store-unavailable"
    second.put("a/2", b"y", PNG)
    assert spooled.get("a/2") == b"y"


def test_name_and_address_are_those_of_the_store(spooled: SpooledStore, inner: Moody) -> None:
    assert (spooled.name, spooled.url_for("a/b")) == (inner.name, inner.url_for("a/b"))


def test_what_another_process_delivered_meanwhile_is_left_alone(
    spooled: SpooledStore, inner: Moody, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.mood = AWAY
    spooled.put("a/1", b"x", PNG)
    inner.mood = None
    entries = SpoolFiles(spool_dir).entries()
    SpooledStore(inner, spool_dir).drain()
    monkeypatch.setattr(spooled._files, "entries", lambda: entries)
    assert spooled.drain().sent == 0
    assert spooled.get("a/1") == b"x"


def test_images_finished_while_a_server_is_down_reach_it_later(
    behind: S3Store, rclone_store: S3Store, proxy: FaultProxy, spool_dir: Path
) -> None:
    spooled = SpooledStore(behind, spool_dir)
    proxy.faults.refuse = True
    for number in range(3):
        spooled.put(f"a/{number}.png", b"x" * 10_000, PNG)
    assert (spooled.pending().waiting, list(rclone_store.iter_keys())) == (3, [])
    proxy.faults.refuse = False
    assert spooled.drain().sent == 3
    assert list(rclone_store.iter_keys()) == ["a/0.png", "a/1.png", "a/2.png"]
