"""From the row of a picture to strengths of faults and two estimates.

Owns the shipped coefficients: the file beside this module, made by training/lite and
refused when it is not the one that was shipped. Everything here is linear, with a
logistic end for strengths; a kernel would fall back to its mean for pictures unlike
those it was fitted on.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from darkroom.adapters.scorers.lite.features import NAMES, Row
from darkroom.adapters.scorers.lite.measures import NAMES as MEASURES
from darkroom.core.errors import DataError

_FOLDER = Path(__file__).parent / "weights"
_FILE, _SUMS = "lite.json", "SHA256SUMS"
SCHEMA = "darkroom.lite/1"
_WIDEST, _WIDEST_PAIRED = 4.0, 3.0
"""Standard deviations beyond which a feature counts no further, alone and in a product."""
_PAIRED = len(MEASURES)
_FIRST, _SECOND = np.triu_indices(_PAIRED)
_STEEPEST = 30.0


@dataclass(frozen=True)
class Head:
    """All coefficients."""

    centre: Row
    spread: Row
    findings: tuple[str, ...]
    finding_weights: NDArray[np.float64]
    """(findings, features + 1); the last column is the constant."""
    estimates: tuple[str, ...]
    estimate_weights: NDArray[np.float64]
    """(estimates, parts); what the parts are is in `parts`."""
    sha256: str

    def deviations(self, rows: Row) -> Row:
        """Rows in standard deviations of the training pictures."""
        return (rows - self.centre) / self.spread

    def strengths(self, rows: Row) -> Row:
        """How strong each fault is, from 0 to 1; from 0.5 on a person would name it.

        Deviations are not bounded here: a strength has to tell bad from very bad.
        """
        found = self.deviations(rows)
        return logistic(found @ self.finding_weights[:, :-1].T + self.finding_weights[:, -1])

    def parts(self, rows: Row, strengths: Row) -> Row:
        """What the estimates are linear in.

        The features, the products of the nameable ones (noise hides softness, softness
        hides blocks), the strengths, the greatest of them, and a constant.
        """
        found = self.deviations(rows)
        nameable = np.clip(found[..., :_PAIRED], -_WIDEST_PAIRED, _WIDEST_PAIRED)
        products = nameable[..., _FIRST] * nameable[..., _SECOND]
        worst = strengths.max(-1, keepdims=True)
        bounded = np.clip(found, -_WIDEST, _WIDEST)
        return np.concatenate([bounded, products, strengths, worst, np.ones_like(worst)], -1)

    def estimates_of(self, rows: Row, strengths: Row) -> Row:
        """The estimates, towards 1 for an undistorted picture and towards 0 for a ruined one."""
        return self.parts(rows, strengths) @ self.estimate_weights.T


def logistic(values: Row) -> Row:
    """From any number to between 0 and 1."""
    return 1 / (1 + np.exp(-np.clip(values, -_STEEPEST, _STEEPEST)))


@cache
def shipped_head() -> Head:
    """The coefficients beside this module, once compared with their checksum."""
    data = (_FOLDER / _FILE).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if (_FOLDER / _SUMS).read_text() != f"{digest}  {_FILE}\n":
        raise DataError("lite-weights-damaged", f"{_FILE} is not the file that was shipped")
    return read_head(data, digest)


def read_head(data: bytes, digest: str) -> Head:
    """Coefficients as training wrote them."""
    document = orjson.loads(data)
    if document["schema"] != SCHEMA or tuple(document["features"]) != NAMES:
        raise DataError("lite-weights-damaged", f"{_FILE} belongs to other features than these")
    return Head(
        np.array(document["centre"]),
        np.array(document["spread"]),
        tuple(document["findings"]),
        np.array(list(document["findings"].values())),
        tuple(document["estimates"]),
        np.array(list(document["estimates"].values())),
        digest,
    )
