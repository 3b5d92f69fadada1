"""An import into the laboratory: a backup before, the import, the warehouse, a report.

Owns where reports lie. The backup is made only where the project holds something already.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from darkroom.adapters.settings import Lab
from darkroom.archive.backup import FOLDER as BACKUPS
from darkroom.archive.backup import backup, backup_name
from darkroom.archive.importing.report import ImportReport
from darkroom.archive.importing.taking import Wish, import_folder
from darkroom.archive.syncing import sync
from darkroom.core.config.slugs import checked_slug
from darkroom.writepath.opening import opened_desk

REPORTS = ".darkroom/imports"
USUAL_PROJECT = "imported"


def import_into(
    lab: Lab,
    folder: Path,
    project: str = USUAL_PROJECT,
    *,
    dry_run: bool = False,
    tell: Callable[[int], None] = lambda _count: None,
) -> ImportReport:
    """Take over a folder of another tool's images."""
    checked_slug(project)
    stamp = datetime.now(UTC)
    with opened_desk(lab) as desk:
        before: str | None = None
        has_some = next(desk.store.iter_keys(f"{project}/working/"), None) is not None
        if has_some and not dry_run:
            file = lab.path(BACKUPS) / backup_name(stamp, project)
            before = backup(desk.store, file, project).file
        report = import_folder(Wish(folder, project, dry_run), desk, tell)
    if report.lines and not dry_run:
        # also where nothing was new: the import before may have been cut off short of this
        sync(lab)
    report.backup = before
    report.write(lab.path(REPORTS) / f"import-{project}-{stamp:%Y-%m-%d_%H-%M-%S-%f}.json")
    return report
