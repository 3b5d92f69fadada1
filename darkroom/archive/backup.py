"""Backups of what is true: sidecars, annotations, scores and run documents, images if asked for.

Owns the archive's form, a zip with a list of its entries and their hashes, and the rule of
restoring: what is missing comes back, what is there stays as it is. The store only ever
grows, so what it holds is never older than a backup of it.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from darkroom.adapters.stores.bulk import Parcel, put_many
from darkroom.adapters.stores.protocol import Store
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError, KeyNotFound, UsageError
from darkroom.core.keys import is_key

SCHEMA: Final = "darkroom.backup/1"
LIST: Final = "darkroom-backup.json"
FOLDER: Final = ".darkroom/backups"
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_TYPES = {".json": "application/json", **_IMAGES}
_MOST_ENTRIES = 20_000_000
_MOST_ENTRY_BYTES = 128 * 2**20
_BATCH_BYTES = 64_000_000
_BATCH = 256
Tell = Callable[[int], None]


@dataclass(frozen=True)
class BackupReport:
    """One backup."""

    file: str
    objects: int
    size_bytes: int
    project: str | None
    has_images: bool


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did, or would do."""

    file: str
    restored: int
    there_already: int
    kept: tuple[str, ...]
    """Keys whose content in the store is another; the store's stayed."""
    dry_run: bool


def _unmoved(_count: int) -> None:
    return


def backup_name(now: datetime, project: str | None) -> str:
    """What a backup made at this moment is called."""
    return f"darkroom-backup-{project or 'all'}-{now:%Y-%m-%d_%H-%M-%S-%f}.zip"


def backup(
    store: Store,
    file: Path,
    project: str | None = None,
    *,
    images: bool = False,
    tell: Tell = _unmoved,
) -> BackupReport:
    """Write every document of a project, or of all, into a new file; whole or not at all."""
    beside = file.with_name(f".{file.name}.tmp")
    listed: dict[str, str] = {}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            raise UsageError("file-not-written", "exists already", where=str(file))
        with zipfile.ZipFile(beside, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for key, data in _wanted(store, project, images=images):
                archive.writestr(_entry(key), data)
                listed[key] = hashlib.sha256(data).hexdigest()
                tell(1)
            about = {"schema": SCHEMA, "project": project, "images": images, "objects": listed}
            archive.writestr(LIST, canonical_json(about))
        _made_durable(beside)
        beside.rename(file)
    except OSError as exc:
        message = f"cannot be written: {exc.strerror or exc}"
        raise UsageError("file-not-written", message, where=str(file)) from exc
    finally:
        with suppress(OSError):
            beside.unlink()
    return BackupReport(str(file), len(listed), file.stat().st_size, project, images)


def _made_durable(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _entry(key: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"objects/{key}")
    is_picture = _suffix(key) in _IMAGES
    entry.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
    return entry


def _suffix(key: str) -> str:
    return f".{key.rpartition('.')[2]}"


def _wanted(store: Store, project: str | None, *, images: bool) -> Iterator[tuple[str, bytes]]:
    prefix = f"{project}/" if project else ""
    for key in store.iter_keys(prefix):
        if _suffix(key) == ".json" or (images and _suffix(key) in _IMAGES):
            try:
                yield key, store.get(key)
            except KeyNotFound:
                continue  # gone since it was listed


def restore(
    store: Store, file: Path, *, dry_run: bool = False, tell: Tell = _unmoved
) -> RestoreReport:
    """Verify a whole backup, then bring back what the store lacks; nothing there is replaced."""
    with _opened(file) as archive:
        listed = _listed(archive, file)
        for key, sha256 in listed.items():
            _content(archive, file, key, sha256)
        missing: list[str] = []
        kept: list[str] = []
        for key, sha256 in sorted(listed.items(), key=lambda pair: _order(pair[0])):
            state = _state(store, key, sha256)
            if state is None:
                missing.append(key)
            elif not state:
                kept.append(key)
        if not dry_run:
            _bring_back(store, archive, file, [(key, listed[key]) for key in missing], tell)
    same = len(listed) - len(missing) - len(kept)
    return RestoreReport(str(file), len(missing), same, tuple(kept), dry_run)


def _order(key: str) -> tuple[bool, str]:
    """Images first: a sidecar commits its image and must not come before it."""
    return _suffix(key) == ".json", key


def _state(store: Store, key: str, sha256: str) -> bool | None:
    """Whether the store holds the same; None where it holds nothing."""
    try:
        return hashlib.sha256(store.get(key)).hexdigest() == sha256
    except KeyNotFound:
        return None


def _bring_back(
    store: Store, archive: zipfile.ZipFile, file: Path, wanted: list[tuple[str, str]], tell: Tell
) -> None:
    batch: list[Parcel] = []
    size = 0
    for key, sha256 in wanted:
        data = _content(archive, file, key, sha256)
        batch.append(Parcel(key, data, _TYPES[_suffix(key)], sha256))
        size += len(data)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            put_many(store, batch)
            tell(len(batch))
            batch, size = [], 0
    put_many(store, batch)
    tell(len(batch))


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except OSError as exc:
        message = f"cannot be read: {exc.strerror or exc}"
        raise UsageError("file-unreadable", message, where=str(file)) from exc
    except zipfile.BadZipFile as exc:
        raise _damaged(file, "is no backup, or was cut off") from exc


def _damaged(file: Path, what: str) -> DataError:
    return DataError("backup-damaged", what, where=str(file))


def _listed(archive: zipfile.ZipFile, file: Path) -> dict[str, str]:
    try:
        about: Any = json.loads(archive.read(LIST))
        objects = cast("dict[str, str]", about["objects"])
        is_ours = about["schema"] == SCHEMA and len(objects) <= _MOST_ENTRIES
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as exc:
        raise _damaged(file, "holds no list of its objects") from exc
    wrong = [key for key in objects if not is_key(key) or _suffix(key) not in _TYPES]
    if not is_ours or wrong:
        what = f"lists {wrong[0][:80]!r}, which no backup holds" if wrong else "is of another kind"
        raise _damaged(file, what)
    return objects


def _content(archive: zipfile.ZipFile, file: Path, key: str, sha256: str) -> bytes:
    try:
        entry = archive.getinfo(f"objects/{key}")
        if entry.file_size > _MOST_ENTRY_BYTES:
            raise _damaged(file, f"{key} has {entry.file_size} bytes")
        data = archive.read(entry)
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, ValueError) as exc:
        raise _damaged(file, f"{key} cannot be read from it") from exc
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _damaged(file, f"{key} is not what was backed up")
    return data
