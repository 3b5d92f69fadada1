"""What only a folder can get wrong: its disk, its links and the files beside ours."""

import os
import shutil
from pathlib import Path

from darkroom.adapters.stores.folder import STAGING, FolderStore
from darkroom.adapters.stores.probe import (
    EVERY_STORE,
    Finding,
    Report,
    cleaned_up,
    listings_go_on,
    run_checks,
)
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import StoreDenied

_LITTLE_ROOM_BYTES = 2**30


def check_folder(folder: FolderStore) -> Report:
    """Try everything on the folder and leave it as it was."""
    with cleaned_up(folder) as prefix:
        try:
            checks = (*EVERY_STORE, listings_go_on(50))
            findings = [_room(folder), *run_checks(folder, checks, prefix)]
            findings += run_checks(folder, _FOLDERS_ONLY, f"{prefix}/own")
        finally:
            _remove(folder.root, prefix)
    return Report(folder.name, "none needed", tuple(findings))


def _remove(root: Path, prefix: str) -> None:
    shutil.rmtree(root / prefix, ignore_errors=True)
    try:
        (root / prefix).parent.rmdir()
    except OSError:
        return  # another check is running, or it was never made


def _room(folder: FolderStore) -> Finding:
    free = shutil.disk_usage(folder.root).free
    verdict = "ok" if free >= _LITTLE_ROOM_BYTES else "warning"
    return Finding("free space", verdict, f"{free / 2**30:.1f} GiB free")


def _links_are_refused(store: Store, prefix: str) -> Finding:
    root = _root_of(store)
    store.put(f"{prefix}/real", b"x", "text/plain")
    (root / prefix / "linked").symlink_to(root.parent)
    try:
        store.head(f"{prefix}/linked/anything")
    except StoreDenied:
        return Finding("containment", "ok", "a link out of the folder is refused")
    return Finding("containment", "failed", "a link out of the folder is followed")


def _foreign_files_are_passed_over(store: Store, prefix: str) -> Finding:
    folder = _root_of(store) / prefix
    store.put(f"{prefix}/ours", b"x", "text/plain")
    (folder / "Not Ours.PNG").write_bytes(b"x")
    passed = list(store.iter_keys(f"{prefix}/")) == [f"{prefix}/ours"]
    return Finding(
        "foreign files",
        "ok" if passed else "failed",
        "not listed" if passed else "listed as if they were ours",
    )


def _nothing_half_written_stays(store: Store, prefix: str) -> Finding:
    store.put(f"{prefix}/synced", b"x", "text/plain")
    left = [name for name in os.listdir(_root_of(store) / STAGING) if name.endswith(".tmp")]  # noqa: PTH208
    if left:
        return Finding("sync and rename", "warning", f"{len(left)} temporary files lie about")
    return Finding("sync and rename", "ok", "written beside, synced, renamed, synced")


def _root_of(store: Store) -> Path:
    assert isinstance(store, FolderStore)
    return store.root


_FOLDERS_ONLY = (_links_are_refused, _foreign_files_are_passed_over, _nothing_half_written_stays)
