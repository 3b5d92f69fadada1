"""What the weights folder holds and what it lacks, as rows for people.

Owns the list behind `darkroom weights list` and `check`. Listing takes down the digest
of files seen for the first time; checking reads every byte again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_folder import (
    FoundFile,
    NeededFile,
    WeightsFolder,
    digest_of,
    needed_by,
    reason,
)
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec

FOLDER = ".darkroom/weights"
"""Below the folder of darkroom.yaml."""
_MB = 1_000_000


@dataclass(frozen=True)
class WeightsRow:
    """One file that metrics need."""

    file: str
    """Where it belongs, relative to the weights folder."""
    state: str
    metrics: tuple[str, ...]
    """As tier:name."""
    size_mb: float | None
    """As it is there, else about what it would be."""
    licence: str
    sha256: str | None
    remark: str
    """Why it cannot be used, or what is odd about it."""


@dataclass(frozen=True)
class WeightsReport:
    """The folder and all files of the table of metrics."""

    folder: str
    files: tuple[WeightsRow, ...]

    def insist(self) -> None:
        """Raise for files that are there and wrong; those that are absent are no fault."""
        wrong = [row for row in self.files if row.state == "changed"]
        if wrong:
            message = f"{len(wrong)} of the files there are not what was listed"
            raise DataError("weights-refused", message, where=wrong[0].file)


def list_weights(root: Path) -> WeightsReport:
    """Every file of the table; digests are computed for new and changed ones only."""
    folder = WeightsFolder(root)
    rows = [
        _row(folder.look(needed, listing=root.is_dir()), specs)
        for needed, specs in _files(metric_table().metrics).items()
    ]
    return WeightsReport(str(root), tuple(rows))


def check_weights(root: Path) -> WeightsReport:
    """The same, but every byte is read again."""
    folder = WeightsFolder(root)
    rows: list[WeightsRow] = []
    for needed, specs in _files(metric_table().metrics).items():
        found = folder.look(needed, listing=root.is_dir())
        if found.state == "ready" and (now := digest_of(found.path)) != found.sha256:
            remark = f"has the sha256 {now[:16]}..., not {(found.sha256 or '')[:16]}..."
            found = FoundFile(needed, found.path, "changed", found.size_bytes, now, remark)
        rows.append(_row(found, specs))
    return WeightsReport(str(root), tuple(rows))


def accept_weights(root: Path, files: Iterable[str]) -> None:
    """Take the present digests of some files for right, whatever was listed before."""
    folder, known = WeightsFolder(root), {one.file for one in _files(metric_table().metrics)}
    for file in files:
        if file not in known:
            message = f"no metric needs a file called {file}"
            raise UsageError("weights-unknown", message, where=file)
        folder.take_down(file)


def _files(specs: Iterable[MetricSpec]) -> dict[NeededFile, list[MetricSpec]]:
    """Every file once, under the terms of the first metric that needs it."""
    by_name: dict[str, tuple[NeededFile, list[MetricSpec]]] = {}
    for spec in specs:
        for needed in needed_by(spec):
            by_name.setdefault(needed.file, (needed, []))[1].append(spec)
    return dict(by_name.values())


def _row(found: FoundFile, specs: list[MetricSpec]) -> WeightsRow:
    size_mb = found.needed.size_mb
    if found.size_bytes is not None:
        size_mb = round(found.size_bytes / _MB, 2)
    return WeightsRow(
        file=found.needed.file,
        state=found.state,
        metrics=tuple(f"{spec.tier}:{spec.name}" for spec in specs),
        size_mb=size_mb,
        licence=found.needed.licence,
        sha256=found.sha256,
        remark=reason(found) or found.remark,
    )
