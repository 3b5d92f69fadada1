"""Which calibration and weights are in use: written here, read by `configured`.

Owns `current.json`, the one file of scoring that changes, and the list of what was made.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from darkroom.adapters.plain_files import write_new_file
from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores.durable import directory, local_errors, write_durably
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.calibration import Calibration
from darkroom.core.scoring.metrics import Tier
from darkroom.core.sidecar.judging import DIMENSIONS
from darkroom.scoring.configured import (
    CURRENT,
    SHIPPED,
    Current,
    FittedWeights,
    folders_of,
    read_current,
    read_made,
    scoring_of,
)


def write_made(folder: Path, name: str, data: object) -> Path:
    """Write a new calibration or weights; one that is there is never changed."""
    path = folder / name
    with local_errors(str(path)):
        folder.mkdir(parents=True, exist_ok=True)
    write_new_file(path, json.dumps(data, indent=2, allow_nan=False).encode() + b"\n")
    return path


def use(
    folder: Path, tier: Tier, *, calibration: str | None = None, weights: str | None = None
) -> Current:
    """Say in a folder what is in use from now on for one tier."""
    before = read_current(folder) or Current()
    calibrations, fitted = dict(before.calibration), dict(before.weights)
    if calibration is not None:
        calibrations[tier] = calibration
    if weights is not None:
        fitted[tier] = weights
    now = Current(calibration=calibrations, weights=fitted)
    _say(folder, now)
    return now


def _say(folder: Path, now: Current) -> None:
    with local_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        with directory(folder) as target:
            data = json.dumps(now.model_dump(), indent=2).encode() + b"\n"
            write_durably(target, target, CURRENT, data)


def use_scores(name: str, project: str | None) -> None:
    """Put a file that is there in use, by its id; `shipped` for what comes with Darkroom."""
    folders = folders_of(open_lab(), project)
    if name == SHIPPED:
        _say(folders[0], Current())
        return
    for made in made_files(folders):
        if made.id == name and made.kind == "calibration":
            use(folders[0], made.tier, calibration=name)
            return
        if made.id == name:
            use(folders[0], made.tier, weights=name)
            return
    raise UsageError("scores-file-missing", f"there is no calibration or weights {name!r}")


@dataclass(frozen=True)
class MadeFile:
    """One calibration or one set of weights."""

    kind: Literal["calibration", "weights"]
    id: str
    tier: Tier
    path: Path


def made_files(folders: Sequence[Path]) -> list[MadeFile]:
    """Every calibration and every set of weights that can be read, the nearest folder first."""
    found: list[MadeFile] = []
    for folder in folders:
        for path in sorted(folder.glob("calibration-*.json")):
            with suppress(DataError):
                made = read_made(path, Calibration)
                found.append(MadeFile("calibration", made.id, made.tier, path))
        for path in sorted(folder.glob("weights-*.json")):
            with suppress(DataError):
                fitted = read_made(path, FittedWeights)
                found.append(MadeFile("weights", fitted.weights.id, fitted.tier, path))
    return found


@dataclass(frozen=True)
class MadeLine:
    """One file of `darkroom scores show`."""

    kind: str
    id: str
    tier: str
    file: str
    is_used: bool


@dataclass(frozen=True)
class InUse:
    """How a project or the laboratory scores now."""

    tier: str
    calibration: str
    weights: str
    shares: dict[str, float]
    files: tuple[MadeLine, ...]


def in_use(project: str | None) -> InUse:
    """What counts now, and what else was made."""
    lab = open_lab()
    scoring = scoring_of(lab, project)
    weights, settings = scoring.weights, scoring.settings
    used = {*scoring.calibrations.values(), *(w.id for w in settings.tier_weights.values())}
    lines = tuple(
        MadeLine(each.kind, each.id, each.tier, lab.shown(each.path), each.id in used)
        for each in made_files(folders_of(lab, project))
    )
    shares = {str(name): weights.of(name) for name in DIMENSIONS}
    return InUse(scoring.tier, scoring.calibration or SHIPPED, weights.id, shares, lines)
