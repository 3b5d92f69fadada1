"""What only a folder can do to a store: links, foreign files, full and failing disks."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.adapters.stores.folder import STAGING, FolderStore
from darkroom.adapters.stores.folder_listing import keys_below
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import (
    DarkroomError,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)

PNG = "image/png"
VERBS: list[Callable[[Store], object]] = [
    lambda store: store.put("a/b", b"x", PNG),
    lambda store: store.get("a/b"),
    lambda store: store.head("a/b"),
    lambda store: store.delete("a/b"),
]
every_verb = pytest.mark.parametrize("verb", VERBS, ids=["put", "get", "head", "delete"])


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    (path / "b").write_bytes(b"secret")
    return path


def staged(root: Path) -> list[Path]:
    staging = root / STAGING
    return list(staging.iterdir()) if staging.exists() else []


def test_a_key_is_the_path_below_the_root(folder: FolderStore, root: Path) -> None:
    folder.put("demo/images/a.png", b"x", PNG)
    assert (root / "demo/images/a.png").read_bytes() == b"x"


def test_nothing_temporary_stays_after_a_put(folder: FolderStore, root: Path) -> None:
    folder.put("a/b", b"x", PNG)
    assert staged(root) == []


@every_verb
def test_a_linked_folder_in_the_path_is_refused(
    folder: FolderStore, root: Path, outside: Path, verb: Callable[[Store], object]
) -> None:
    (root / "a").symlink_to(outside)
    with pytest.raises(StoreDenied) as caught:
        verb(folder)
    assert caught.value.code == "store-path-unsafe"
    assert (outside / "b").read_bytes() == b"secret"


@every_verb
def test_a_link_under_the_key_is_refused(
    folder: FolderStore, root: Path, outside: Path, verb: Callable[[Store], object]
) -> None:
    (root / "a").mkdir()
    (root / "a/b").symlink_to(outside / "b")
    with pytest.raises(StoreDenied):
        verb(folder)
    assert (outside / "b").read_bytes() == b"secret"


@every_verb
def test_a_link_to_nowhere_is_refused(
    folder: FolderStore, root: Path, outside: Path, verb: Callable[[Store], object]
) -> None:
    (root / "a").mkdir()
    (root / "a/b").symlink_to(outside / "new")
    with pytest.raises(StoreDenied):
        verb(folder)
    assert not (outside / "new").exists()


@pytest.mark.timeout(90)
@every_verb
def test_a_pipe_under_the_key_is_refused_and_not_waited_for(
    folder: FolderStore, root: Path, verb: Callable[[Store], object]
) -> None:
    (root / "a").mkdir()
    os.mkfifo(root / "a/b")
    with pytest.raises(StoreDenied):
        verb(folder)


def test_a_linked_staging_area_is_refused(folder: FolderStore, root: Path, outside: Path) -> None:
    (root / STAGING).symlink_to(outside)
    with pytest.raises(StoreDenied):
        folder.put("a/b", b"x", PNG)
    assert [path.name for path in outside.iterdir()] == ["b"]


def test_links_are_not_followed_by_listings(folder: FolderStore, root: Path, outside: Path) -> None:
    folder.put("a/1", b"x", PNG)
    (root / "linked").symlink_to(outside)
    (root / "a/2").symlink_to(outside / "b")
    assert list(folder.iter_keys()) == ["a/1"]
    with pytest.raises(StoreDenied):
        list(folder.iter_keys("linked/"))


def test_a_root_that_is_a_link_itself_is_the_users_choice(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    FolderStore(tmp_path / "link").put("c", b"x", PNG)
    assert (outside / "c").read_bytes() == b"x"


def test_foreign_files_are_neither_listed_nor_touched(folder: FolderStore, root: Path) -> None:
    foreign = [
        "AIGen.yaml",
        "IMG 1.PNG",
        "a/.hidden",
        ".git/config",
        "a/ünï",
        "lost+found/x",
        "b//",
    ]
    for name in foreign:
        path = root / name.rstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("//") else path.write_bytes(b"foreign")
    (root / os.fsdecode(b"bad\xff")).write_bytes(b"foreign")
    folder.put("a/1", b"x", PNG)
    assert list(folder.iter_keys()) == ["a/1"]


def test_a_key_over_a_folder_of_keys_is_a_conflict(folder: FolderStore, root: Path) -> None:
    folder.put("p/q", b"1", PNG)
    with pytest.raises(StoreError) as caught:
        folder.put("p", b"2", PNG)
    assert caught.value.code == "store-key-conflict"
    assert (folder.get("p/q"), staged(root)) == (b"1", [])


def test_a_deep_prefix_opens_only_its_own_folder(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for project in ("a", "b", "c"):
        for run in range(20):
            folder.put(f"{project}/working/r{run:02d}/x.json", b"{}", PNG)
    opened: list[str] = []
    real, me = os.scandir, threading.get_ident()

    def scandir(path: int) -> object:
        if threading.get_ident() == me:
            opened.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list(folder.iter_keys("b/working/r07/")) == ["b/working/r07/x.json"]
    assert len(opened) == 1
    assert len(list(folder.iter_keys("", "c/working/r18/x.json"))) == 1
    assert len(opened) == 1 + 5  # root, c, c/working, r18 and r19


def test_a_listing_reads_folders_only_as_it_reaches_them(folder: FolderStore, root: Path) -> None:
    folder.put("a/1", b"x", PNG)
    folder.put("b/1", b"x", PNG)
    listing = folder.iter_keys()
    assert next(listing) == "a/1"
    folder.put("b/0", b"x", PNG)
    assert list(listing) == ["b/0", "b/1"]


def test_a_folder_that_vanishes_during_a_listing_is_passed_over(
    folder: FolderStore, root: Path
) -> None:
    for key in ("a/1", "b/1", "c/1"):
        folder.put(key, b"x", PNG)
    listing = folder.iter_keys()
    assert next(listing) == "a/1"
    (root / "b/1").unlink()
    (root / "b").rmdir()
    assert list(listing) == ["c/1"]


NAMES = st.text(alphabet="ab-._0/", min_size=1, max_size=12)


@settings(deadline=None, max_examples=50)
@given(st.sets(NAMES, max_size=12), NAMES | st.just(""), NAMES | st.just(""))
def test_a_listing_is_the_sorted_filtered_set_of_keys(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], prefix: str, after: str
) -> None:
    root = tmp_path_factory.mktemp("listing")
    store = FolderStore(root)
    kept = set()
    for name in names:
        try:
            store.put(name, b"x", PNG)
            kept.add(name)
        except DarkroomError:
            continue
    wanted = sorted(k for k in kept if k.startswith(prefix) and k > after)
    assert list(keys_below(root, prefix, after)) == wanted


@every_verb
def test_a_root_that_is_gone_is_unavailable_not_empty(
    folder: FolderStore, root: Path, verb: Callable[[Store], object]
) -> None:
    root.rename(root.with_name("moved"))
    with pytest.raises(StoreUnavailable):
        verb(folder)
    with pytest.raises(StoreUnavailable):
        list(folder.iter_keys())


def test_a_disk_that_is_not_mounted_any_more_is_unavailable(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_device", 1)
    for verb in VERBS:
        with pytest.raises(StoreUnavailable):
            verb(folder)
    with pytest.raises(StoreUnavailable):
        folder.iter_keys()


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        FolderStore(tmp_path / "file")


def test_a_tree_rearranged_under_a_writer_never_lets_it_out(
    folder: FolderStore, root: Path, outside: Path
) -> None:
    done = threading.Event()

    def rearrange() -> None:
        real, link = root / "real", root / "link"
        real.mkdir()
        link.symlink_to(outside)
        while not done.is_set():
            for path in (real, link):
                try:
                    path.rename(root / "a")
                    (root / "a").rename(path)
                except OSError:  # the writer made its own folder under the name
                    shutil.rmtree(root / "a", ignore_errors=True)

    mischief = threading.Thread(target=rearrange)
    mischief.start()
    try:
        for _ in range(300):
            with suppress(StoreError):
                folder.put("a/escaped", b"x", PNG)
    finally:
        done.set()
        mischief.join()
    assert [path.name for path in outside.iterdir()] == ["b"]
