"""From a raw measurement to the score that is kept, the same for every tier.

Owns the rule that only a finite value within the metric's range is a score;
anything else becomes null with a reason.
"""

import math

from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.scoring.normalise import normalised
from darkroom.core.sidecar.judging import Score


def measured(
    spec: MetricSpec, raw: float, *, ms: float | None = None, weights_sha256: str | None = None
) -> Score:
    """The score of a raw value, or null where the value cannot be right."""
    if not math.isfinite(raw):
        return unmeasured(spec, "the metric gave no finite value for this picture")
    if not spec.range.holds(raw):
        return unmeasured(spec, f"the metric gave {raw:.6g}, which is outside its range")
    return Score(
        metric=spec.name,
        dimension=spec.dimension,
        version=spec.version,
        tier=spec.tier,
        raw=float(raw),
        normalised=normalised(raw, spec.normalisation),
        calibration=spec.normalisation.calibration,
        weights_sha256=weights_sha256,
        ms=ms,
    )


def unmeasured(spec: MetricSpec, reason: str) -> Score:
    """A metric that could not run, and why."""
    return Score(
        metric=spec.name,
        dimension=spec.dimension,
        version=spec.version,
        tier=spec.tier,
        reason=reason,
    )
