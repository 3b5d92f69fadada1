"""Make the coefficients of the lite scorers, and say what they can do.

    python -m training.lite fit                          writes lite.json and SHA256SUMS
    python -m training.lite evaluate [--photos FOLDER]   prints figures with intervals

Needs no more than Darkroom itself: numpy, scipy and OpenCV, on any laptop. Pictures
and faults of the evaluation are never used to fit. Photographs are optional and the
user's own; none are shipped, and none were used to fit or to choose anything.
"""

import argparse
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from darkroom.adapters.scorers.lite import head as heads
from darkroom.adapters.scorers.lite.head import shipped_head
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.scoring.normalise import normalised
from training.lite import evaluating
from training.lite.evaluating import Scored
from training.lite.fitting import SHOWN_BY, fitted, written
from training.lite.samples import NONE, Sample, of_photos, to_fit, to_test
from training.lite.seen_faults import LEVELS

PICTURES_TO_FIT, PICTURES_TO_TEST = 330, 40
WEIGHTS = Path(heads.__file__).parent / "weights"
SHOWN = tuple(name for name in SHOWN_BY if name != "faded")
BAD, GOOD = 4, 7.0
"""The severity from which a picture is ruined, and the score that a ruined one must not have."""


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=("fit", "evaluate"))
    parser.add_argument("--photos", type=Path, help="a folder of undistorted photographs")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.command == "fit":
        _fit(asked.processes)
    else:
        _evaluate(asked.photos, asked.processes)


def _fit(processes: int) -> None:
    data = written(fitted(to_fit(PICTURES_TO_FIT, processes)))
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / "lite.json").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (WEIGHTS / "SHA256SUMS").write_text(f"{digest}  lite.json\n")
    print(f"lite.json: {len(data)} bytes, sha256 {digest}")


def _evaluate(photos: Path | None, processes: int) -> None:
    for title, samples in _sets(photos, processes):
        print(f"\n## {title}\n")
        for line in _report(evaluating.scored(shipped_head(), samples)):
            print(line)


def _sets(photos: Path | None, processes: int) -> Iterator[tuple[str, list[Sample]]]:
    for faults in ("seen", "unseen"):
        title = f"unseen pictures, {faults} ways to each fault"
        yield title, to_test(PICTURES_TO_TEST, faults, processes)
        if photos is not None:
            yield f"photographs, {faults} ways to each fault", of_photos(photos, faults, processes)


def _report(found: Scored) -> Iterator[str]:
    severities, raw = found.column("severity"), found.estimates["technical"]
    details = found.column("detail")
    known = np.isfinite(details)
    pictures = len(np.unique(found.column("picture")))
    yield f"{pictures} pictures, {len(severities)} samples; [95 % interval over pictures]"
    yield f"technical, pooled SRCC with severity: {evaluating.pooled(found, raw, -severities)}"
    sized = Scored([s for s, ok in zip(found.samples, known, strict=True) if ok], {}, {})
    agreed = evaluating.pooled(sized, found.estimates["detail"][known], details[known])
    yield f"detail, pooled SRCC with kept structure (SSIM term): {agreed}"
    ruined, clean = raw[severities >= BAD], raw[severities == 0]
    yield f"severity {BAD} and 5 above {GOOD:g} of 10: {_share_above(ruined):.3f}"
    worst = raw[severities == LEVELS]
    yield f"raw: undistorted {clean.mean():.2f}, severity {LEVELS} {worst.mean():.2f}"
    kept = found.estimates["detail"]
    worst = kept[severities == LEVELS]
    yield f"detail raw: undistorted {kept[severities == 0].mean():.2f}, worst {worst.mean():.2f}"
    yield from _by_fault(found)


def _share_above(raws: np.ndarray) -> float:
    spec = metric_table().find("lite_technical", "lite")
    assert spec is not None
    return float(np.mean([normalised(raw, spec.normalisation) > GOOD for raw in raws.tolist()]))


def _by_fault(found: Scored) -> Iterator[str]:
    raw, detail = found.estimates["technical"], found.estimates["detail"]
    yield ""
    yield "| fault | technical, within image | detail, within image |"
    yield "|---|---|---|"
    for fault in [name for name in dict.fromkeys(found.column("fault")) if name != NONE]:
        technical = evaluating.within(found, -raw, fault)
        yield f"| {fault} | {technical} | {evaluating.within(found, -detail, fault)} |"
    yield ""
    yield "| finding | strength, within image | named from severity 3 | named on clean ones |"
    yield "|---|---|---|---|"
    for name in SHOWN:
        within = evaluating.within(found, found.strengths[name], name)
        hits = evaluating.named(found, name, name, 3)
        yield f"| {name} | {within} | {hits:.2f} | {evaluating.named(found, name, NONE, 0):.2f} |"


if __name__ == "__main__":
    main()
