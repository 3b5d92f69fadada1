"""Converting weights of the torch tier to files of the onnx tier.

Owns which file becomes which, and that a converted file appears whole or not at all,
with its digest taken down. The conversion itself runs in a process of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from darkroom.adapters.processes import environment
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder, needed_by, reason
from darkroom.core.errors import DataError, OutsideError, UsageError
from darkroom.core.scoring.metrics import MetricSpec

_WITHIN_S = 3600.0
_OWN_RECIPE = {
    "nima": "nima",
    "topiq_nr": "topiq_nr",
    "laion_aesthetic": "aesthetic-head",
    "clip_adherence": "clip-text",
}
_SHARED_RECIPE = "clip-image"


@dataclass(frozen=True)
class Conversion:
    """One file to be made, from which one, and how."""

    source: NeededFile
    target: NeededFile
    recipe: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of one conversion."""

    file: str
    source: str
    state: str
    """`converted`, `present`, or why it could not be done."""
    difference: float | None = None
    """How far its values are from torch's, relative to their size."""


def conversions(only: Sequence[str] = ()) -> tuple[Conversion, ...]:
    """All files of the onnx tier, or those of some metrics; shared ones once."""
    table = metric_table()
    found: dict[str, Conversion] = {}
    for spec in table.in_tier("onnx"):
        twin = table.find(spec.name, "torch")
        if twin is None or (only and spec.name not in only):
            continue
        for one in _of(spec, twin):
            known = found.get(one.target.file)
            metrics = (*(known.metrics if known else ()), spec.name)
            found[one.target.file] = Conversion(one.source, one.target, one.recipe, metrics)
    if unknown := sorted(set(only) - {name for one in found.values() for name in one.metrics}):
        message = f"no metric of the onnx tier is called {unknown[0]}"
        raise UsageError("scores-metric-unknown", message, where=unknown[0])
    return tuple(found.values())


def convert(folder: WeightsFolder, one: Conversion, *, again: bool = False) -> Outcome:
    """Make one file, unless it is there already or its source is not ready."""
    file, source = one.target.file, one.source.file
    if folder.look(one.target).state == "ready" and not again:
        return Outcome(file, source, "present")
    if why := reason(folder.look(one.source)):
        return Outcome(file, source, why)
    path = folder.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        said = _asked(folder.root, one, part)
        if failure := said.get("error"):
            kind = UsageError if failure["exit_code"] == UsageError.exit_code else DataError
            raise kind(failure["code"], failure["message"], where=failure["where"])
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder.take_down(file)
    return Outcome(file, source, "converted", said["difference"])


def convert_all(
    root: Path,
    todo: Sequence[Conversion],
    *,
    again: bool = False,
    on_done: Callable[[Outcome], None],
) -> tuple[Outcome, ...]:
    """Make several files, one after the other."""
    folder, done = WeightsFolder(root), list[Outcome]()
    for one in todo:
        done.append(convert(folder, one, again=again))
        on_done(done[-1])
    return tuple(done)


def _of(spec: MetricSpec, twin: MetricSpec) -> Iterator[Conversion]:
    own, sources = needed_by(spec), needed_by(twin)
    yield Conversion(sources[0], own[0], _OWN_RECIPE[spec.model], ())
    if len(own) > 1:
        yield Conversion(sources[-1], own[1], _SHARED_RECIPE, ())


def _asked(weights: Path, one: Conversion, to: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "darkroom.adapters.scorers.onnx_export"]
    options = {"weights": weights, "recipe": one.recipe, "file": one.source.file, "to": to}
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        message = f"converting {one.source.file} took more than {_WITHIN_S:g} s"
        raise OutsideError("weights-not-converted", message, where=one.target.file) from exc
    try:
        return cast("dict[str, Any]", json.loads(done.stdout.splitlines()[-1]))
    except (ValueError, IndexError) as exc:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
        message = f"converting {one.source.file} failed: {last}"
        raise OutsideError("weights-not-converted", message, where=one.target.file) from exc
