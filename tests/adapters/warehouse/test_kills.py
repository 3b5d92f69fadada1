"""kill -9 anywhere in a synchronisation: readers keep a whole warehouse, the next one mends."""

import os
import subprocess
import sys

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.conftest import Ask
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive
from tests.fakes.unmeasured import unmeasured

DIE = """
import os, signal, sys
from pathlib import Path
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse import updating

left = int(sys.argv[3])

def count(frame, event, _argument):
    global left
    if "warehouse" in frame.f_code.co_filename and event in {"call", "return"}:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

store = FolderStore(Path(sys.argv[1]))
sys.setprofile(count)
updating.update(updating.Files(Path(sys.argv[2])), store)
sys.setprofile(None)
print(left)
"""
ENDLESS = 10**9


def _sync_until(calls: int, folder: FolderStore, files: Files) -> subprocess.CompletedProcess[str]:
    """Synchronise in another process, which dies after so many calls and returns."""
    command = [sys.executable, "-c", DIE, str(folder.root), str(files.published), str(calls)]
    return subprocess.run(
        command,
        env=unmeasured(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def _grown(archive: Archive) -> None:
    for number in range(4, 8):
        archive.image(number)
    archive.say(archive.keys.image(1), rating=9)
    archive.store.delete(archive.keys.sidecar(3))
    archive.put(archive.keys.sidecar(9), b"{")


@pytest.mark.slow
def test_a_kill_anywhere_leaves_the_old_or_the_new_warehouse(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    for number in range(1, 4):
        archive.image(number)
    update(files, folder)
    before = contents(files.published)
    saved = files.published.read_bytes()
    _grown(archive)
    whole = Files(files.published.with_name("whole.duckdb"))
    update(whole, folder)
    after = contents(whole.published)
    calls = ENDLESS - int(_sync_until(ENDLESS, folder, files).stdout)
    for tenth in range(1, 11):
        files.published.unlink()
        files.published.write_bytes(saved)
        died = _sync_until(max(1, calls * tenth // 10 - 3), folder, files)
        assert died.returncode == -9, died.stderr
        assert contents(files.published) in (before, after)
        assert update(files, folder).failed_checks == ()
        assert contents(files.published) == after
        assert list(files.private.iterdir()) == []


@pytest.mark.slow
def test_a_kill_in_the_first_build_leaves_none_and_the_next_one_builds(
    archive: Archive, folder: FolderStore, files: Files, ask: Ask
) -> None:
    for number in range(1, 4):
        archive.image(number)
    calls = ENDLESS - int(_sync_until(ENDLESS, folder, files).stdout)
    files.published.unlink()
    assert _sync_until(calls * 2 // 3, folder, files).returncode == -9
    assert not files.published.exists()
    update(files, folder)
    assert ask("SELECT count(*) FROM image") == [(3,)]
