"""A folder store on disks that are full, failing, forbidden, or pulled away by kill -9."""

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom.adapters.stores import durable
from darkroom.adapters.stores.folder import STAGING, FolderStore
from darkroom.core.errors import (
    DarkroomError,
    KeyNotFound,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from tests.fakes.s3_servers import plain_environment

PNG = "image/png"


def staged(root: Path) -> list[Path]:
    staging = root / STAGING
    return list(staging.iterdir()) if staging.exists() else []


def failing_with(number: int) -> Callable[..., object]:
    def fail(*_arguments: object, **_options: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


def in_this_thread(patch: pytest.MonkeyPatch, call: str, instead: Callable[..., object]) -> None:
    """Replace a call of the system; threads of earlier tests go on as ever."""
    real, me = getattr(os, call), threading.get_ident()

    def chosen(*arguments: object, **options: object) -> object:
        return (instead if threading.get_ident() == me else real)(*arguments, **options)

    patch.setattr(durable.os, call, chosen)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EFBIG, StoreFull),
        (errno.EIO, StoreUnavailable),
        (errno.EROFS, StoreDenied),
        (errno.EACCES, StoreDenied),
        (errno.ESTALE, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
    ],
)
def test_a_failing_disk_leaves_the_old_object_and_no_litter(
    folder: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int,
    kind: type[DarkroomError],
) -> None:  # fmt: skip
    folder.put("a/b", b"old", PNG)
    with monkeypatch.context() as patch:
        in_this_thread(patch, call, failing_with(number))
        with pytest.raises(kind) as caught:
            folder.put("a/b", b"new", PNG)
    assert type(caught.value) is kind
    assert (folder.get("a/b"), staged(root)) == (b"old", [])


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_a_disk_that_cannot_be_read_is_no_absence(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder.put("a/b", b"x", PNG)
    monkeypatch.setattr(durable, "_content", failing_with(number))
    with pytest.raises(StoreError) as caught:
        folder.get("a/b")
    assert not isinstance(caught.value, KeyNotFound)


def test_an_interrupted_put_leaves_no_litter(
    folder: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    in_this_thread(monkeypatch, "fsync", interrupt)
    (root / STAGING).mkdir()
    (root / "a").mkdir()
    with pytest.raises(KeyboardInterrupt):
        folder.put("a/b", b"x", PNG)
    assert (staged(root), list(folder.iter_keys())) == ([], [])


def test_bytes_and_names_are_synced_before_a_put_returns(
    folder: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        target = Path(f"/proc/self/fd/{handle}").readlink()
        events.append(f"sync {'file' if target.is_file() else target.relative_to(root)}")
        real_sync(handle)

    def replace(*arguments: str, **options: int) -> None:
        events.append("rename")
        real_replace(*arguments, **options)

    in_this_thread(monkeypatch, "fsync", sync)
    in_this_thread(monkeypatch, "replace", replace)
    folder.put("a/b", b"x", PNG)
    assert events == ["sync .", "sync .", "sync file", "rename", "sync a"]


def test_a_file_system_without_directory_sync_is_tolerated(
    folder: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def sync(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().is_dir():
            raise OSError(errno.EINVAL, "no")
        real(handle)

    in_this_thread(monkeypatch, "fsync", sync)
    folder.put("a/b", b"x", PNG)
    assert folder.get("a/b") == b"x"


def test_a_disk_mounted_inside_the_tree_is_written_without_crossing(
    folder: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging_device = iter([1, 2])

    class Stat:
        def __init__(self) -> None:
            self.st_dev = next(staging_device)

    with monkeypatch.context() as patch:
        in_this_thread(patch, "fstat", lambda _handle: Stat())
        folder.put("a/b", b"x", PNG)
    assert folder.get("a/b") == b"x"
    assert [path.name for path in (root / "a").iterdir()] == ["b"]


def test_left_overs_of_crashed_writers_are_removed_when_old(root: Path) -> None:
    FolderStore(root).put("a/b", b"x", PNG)
    (root / STAGING / "folder").mkdir()
    old, young = root / STAGING / ".old.tmp", root / STAGING / ".young.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    FolderStore(root)
    assert sorted(staged(root)) == [young, root / STAGING / "folder"]


def test_a_failing_sync_of_names_is_a_failing_put(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def sync(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().is_dir():
            raise OSError(errno.EIO, "no")
        real(handle)

    in_this_thread(monkeypatch, "fsync", sync)
    with pytest.raises(StoreUnavailable):
        folder.put("a/b", b"x", PNG)


def test_a_file_that_shrinks_while_it_is_read_is_not_passed_on(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a/b", b"x" * 100, PNG)
    real = os.fstat

    def shrink(handle: int) -> os.stat_result:
        found = real(handle)
        os.truncate(folder.root / "a/b", 10)
        return found

    in_this_thread(monkeypatch, "fstat", shrink)
    with pytest.raises(StoreUnavailable):
        folder.get("a/b")


def test_a_file_too_big_to_be_ours_is_not_read(folder: FolderStore, root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(StoreCorrupt):
        folder.get("huge")


RUN = """
import sys
from pathlib import Path
from darkroom.adapters.stores.folder import FolderStore
{before}
store = FolderStore(Path(sys.argv[1]))
try:
    {body}
except Exception as error:
    print(type(error).__name__, error.code)
"""


def in_a_process(root: Path, before: str, body: str) -> str:
    script = RUN.format(before=before, body=body)
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)],
        stdout=subprocess.PIPE,
        env=plain_environment(),
        text=True,
        check=False,
    )
    return done.stdout.strip()


def test_a_limit_on_file_size_is_a_full_store(folder: FolderStore, root: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    said = in_a_process(root, limit, "store.put('a/b', b'x' * 5000, 'image/png')")
    assert said == "StoreFull store-full"
    assert (list(folder.iter_keys()), staged(root)) == ([], [])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    ("mode", "body"),
    [
        (0o555, "store.put('a/b', b'x', 'image/png')"),
        (0o000, "store.get('a/b')"),
        (0o000, "list(store.iter_keys('a/'))"),
    ],
)
def test_a_folder_without_rights_is_denied(mode: int, body: str) -> None:
    # the folders of the test runner are closed to others, and it closes them again
    with tempfile.TemporaryDirectory() as open_to_all:
        root = Path(open_to_all)
        FolderStore(root).put("a/b", b"x", PNG)
        root.chmod(0o755)
        (root / "a").chmod(mode)
        said = in_a_process(root, "import os; os.setuid(65534)", body)
    assert said == "StoreDenied store-not-permitted"


def test_what_was_acknowledged_survives_kill_9_at_any_moment(root: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from darkroom.adapters.stores.folder import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "for number in range(100000):\n"
        "    key = f'w/{number % 50:03d}'\n"
        "    store.put(key, (f'{number:06d}' * 4000).encode(), 'image/png')\n"
        "    print(number, flush=True)\n"
    )
    for patience in (1, 7, 60):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(root)],
            stdout=subprocess.PIPE,
            text=True,
            env=plain_environment(),
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(patience)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.stdout.close()
        writer.wait()
        store = FolderStore(root)
        acknowledged = {f"w/{int(n) % 50:03d}": int(n) for n in lines if n.endswith("\n")}
        for key in store.iter_keys():
            content = store.get(key).decode()
            assert content == content[:6] * 4000
            assert int(content[:6]) >= acknowledged.pop(key, 0)
        assert acknowledged == {}
