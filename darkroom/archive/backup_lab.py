"""Back up the laboratory's store, and bring a backup back.

Owns where backups lie and which store is meant.
"""

from datetime import UTC, datetime
from pathlib import Path

from darkroom.adapters.settings import Lab, open_lab
from darkroom.archive.backup import (
    FOLDER,
    BackupReport,
    RestoreReport,
    Tell,
    backup,
    backup_name,
    restore,
)
from darkroom.writepath.opening import opened_desk


def _unmoved(_count: int) -> None:
    return


def back_up(
    file: Path | None = None,
    project: str | None = None,
    *,
    images: bool = False,
    lab: Lab | None = None,
    tell: Tell = _unmoved,
) -> BackupReport:
    """Write a backup; without a file, one named by the moment under the laboratory's home."""
    lab = lab or open_lab()
    target = file or lab.path(FOLDER) / backup_name(datetime.now(UTC), project)
    with opened_desk(lab) as desk:
        return backup(desk.store, target, project, images=images, tell=tell)


def bring_back(
    file: Path, *, dry_run: bool = False, lab: Lab | None = None, tell: Tell = _unmoved
) -> RestoreReport:
    """Verify a backup and bring back what the store lacks."""
    with opened_desk(lab or open_lab()) as desk:
        return restore(desk.store, file, dry_run=dry_run, tell=tell)
