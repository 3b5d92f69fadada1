"""Fit the coefficients of the lite scorers to pictures with known faults.

Owns the two steps: first a logistic line per named fault over the few measurements
that show it, then ridge regressions of severity and of kept detail over all features
and strengths. Plain numpy; the same samples give the same coefficients.
"""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from darkroom.adapters.scorers.lite.features import NAMES
from darkroom.adapters.scorers.lite.head import SCHEMA, Head, logistic
from training.lite.samples import Sample
from training.lite.seen_faults import LEVELS

Matrix = NDArray[np.float64]
SHOWN_BY: dict[str, dict[str, int]] = {
    "jagged edges": {"repeated": 1, "bare_steps": 1, "edge_width": -1},
    "JPEG blocks": {"blockiness": 1},
    "noise": {"noise": 1},
    "clipped highlights": {"clipped_high": 1},
    "soft": {"edge_width": 1, "reblur": -1},
    "faded": {"contrast": -1},
}
"""Which measurements show a fault, and whether more (1) or less (-1) of it does."""
ALSO = {"soft": ("enlarged",)}
"""Faults that show in the same way and count as the same."""
NAMED_FROM, LEFT_OUT_FROM = 2.0, 1.0
RIDGE = 30.0
DIGITS = 6
LEAST, MOST = 0.5, 8.0
"""Bounds of a measurement's weight in a strength, per standard deviation."""


@dataclass(frozen=True)
class Targets:
    """What the samples are, as columns."""

    faults: NDArray[np.str_]
    severities: Matrix
    details: Matrix


def fitted(samples: list[Sample]) -> dict[str, object]:
    """The document that is shipped."""
    rows = np.stack([sample.row for sample in samples])
    targets = Targets(
        np.array([sample.fault for sample in samples]),
        np.array([sample.severity for sample in samples]),
        np.array([sample.detail for sample in samples]),
    )
    centre, spread = rows.mean(0), rows.std(0) + 1e-6
    findings = {name: _finding(name, (rows - centre) / spread, targets) for name in SHOWN_BY}
    weights = np.array(list(findings.values()))
    empty = np.zeros((0, 0))
    head = Head(centre, spread, tuple(SHOWN_BY), weights, (), empty, "")
    table = head.parts(rows, head.strengths(rows))
    freedom = 1 - targets.severities / LEVELS
    # kept structure alone hardly differs between a slight and a strong blur of a still scene
    detail = (targets.details + freedom) / 2
    return {
        "schema": SCHEMA,
        "features": list(NAMES),
        "centre": _rounded(centre),
        "spread": _rounded(spread),
        "findings": {name: _rounded(found) for name, found in findings.items()},
        "estimates": {
            "technical": _rounded(_ridge(table, freedom)),
            "detail": _rounded(_ridge(table, detail)),
        },
    }


def _finding(name: str, deviations: Matrix, targets: Targets) -> Matrix:
    """A logistic line whose weights may only have the sign they must have."""
    kinds = (name, *ALSO.get(name, ()))
    is_it = np.isin(np.char.rstrip(targets.faults, "+"), kinds)
    is_pair = np.char.endswith(targets.faults, "+")
    has_it = is_it & (targets.severities >= NAMED_FROM)
    is_clear = ~is_pair & (has_it | ~is_it | (targets.severities < LEFT_OUT_FROM))
    columns = [NAMES.index(measure) for measure in SHOWN_BY[name]]
    signs = np.array(list(SHOWN_BY[name].values()), float)
    known = deviations[is_clear][:, columns] * signs
    found = _logistic_line(known, has_it[is_clear].astype(float))
    weights = np.zeros(len(NAMES) + 1)
    weights[columns] = found[:-1] * signs
    weights[-1] = found[-1]
    return weights


def _logistic_line(known: Matrix, wanted: Matrix) -> Matrix:
    share = wanted.mean()
    weight = np.where(wanted > 0, 0.5 / share, 0.5 / (1 - share)) / len(wanted)
    table = np.hstack([known, np.ones((len(known), 1))])

    def loss(line: Matrix) -> tuple[float, Matrix]:
        scores = table @ line
        value = weight @ (np.logaddexp(0, scores) - wanted * scores) + 1e-4 * line[:-1] @ line[:-1]
        slope = table.T @ (weight * (logistic(scores) - wanted)) + 2e-4 * np.append(line[:-1], 0)
        return float(value), slope

    bounds = [(LEAST, MOST)] * known.shape[1] + [(None, None)]
    start = np.append(np.ones(known.shape[1]), 0.0)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _ridge(table: Matrix, wanted: Matrix) -> Matrix:
    penalty = np.full(table.shape[1], RIDGE)
    penalty[-1] = 1e-6
    return np.linalg.solve(table.T @ table + np.diag(penalty), table.T @ wanted)


def _rounded(values: Matrix) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def written(document: dict[str, object]) -> bytes:
    """The shipped form, the same bytes for the same coefficients."""
    return (json.dumps(document, indent=1) + "\n").encode()
