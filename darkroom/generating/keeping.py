"""What a series leaves for learning: a document per attempt that was not good enough.

Owns both documents, that of a failure and that of the series, and where they lie. Each is
written once: an attempt found again by a resumed series is not recorded twice.
"""

import hashlib

from darkroom.adapters.stores.protocol import Store
from darkroom.core.canonical import canonical_json
from darkroom.core.sidecar import moment
from darkroom.generating.series import Refined, Series, Trial
from darkroom.writepath.desk import Desk

FAILURE = "darkroom.quality_failure/1"
SERIES = "darkroom.refinement/1"
JSON = "application/json"


def keep_failure(desk: Desk, series: Series, trial: Trial) -> str | None:
    """Record an attempt below the threshold or without an image; returns the key, if any."""
    score = trial.tried.score
    if score is not None and score >= series.plan.threshold:
        return None
    content = {**_about(desk, series, trial), **_measured(trial)}
    key = f"{_root(series, trial)}/failures/{_stem(trial)}.json"
    _put(desk, key, content)
    return key


def keep_series(desk: Desk, series: Series, result: Refined) -> str | None:
    """Record how a series ended, beside its best image."""
    if result.key is None:
        return None
    best = series.trials[(result.best or 1) - 1]
    content: dict[str, object] = {
        "schema": SERIES,
        "at": moment(desk.now()),
        "status": result.status,
        "reason": result.reason,
        "strategy": result.strategy,
        "threshold": result.threshold,
        "max_attempts": result.max_attempts,
        "seed": result.seed,
        "best": result.key,
        "composite_score": result.composite_score,
        "images": [line.key for line in result.attempts],
        "scores": [line.composite_score for line in result.attempts],
    }
    plan = canonical_json(series.plan.model_dump(mode="json"))
    name = hashlib.sha256(plan).hexdigest()[:12]
    key = f"{_root(series, best)}/refinement/{name}.json"
    _put(desk, key, content)
    return key


def _root(series: Series, trial: Trial) -> str:
    """The run the image lies in: that of an earlier series, where it was found."""
    key = trial.made.key if trial.made else None
    return key.rpartition("/images/")[0] if key else series.keys.root


def _stem(trial: Trial) -> str:
    key = trial.made.key if trial.made else None
    if key is None:
        return f"attempt_{trial.step.attempt.number:03d}"
    return key.rpartition("/")[2].rpartition(".")[0]


def _about(desk: Desk, series: Series, trial: Trial) -> dict[str, object]:
    attempt, plan = trial.step.attempt, series.plan
    return {
        "schema": FAILURE,
        "at": moment(desk.now()),
        "project": series.keys.project,
        "strategy": plan.strategy,
        "attempt": attempt.number,
        "max_attempts": plan.max_attempts,
        "threshold": plan.threshold,
        "image": trial.made.key if trial.made else None,
        "image_sha256": trial.made.sha256 if trial.made else None,
        "prompt": desk.redact(trial.prompt),
        "negative_prompt": desk.redact(trial.negative),
        "seed": attempt.seed,
        "steps": attempt.steps,
        "cfg": attempt.cfg,
        "append": attempt.append,
        "failure": desk.redact(trial.failure) if trial.failure else None,
    }


def _measured(trial: Trial) -> dict[str, object]:
    found = trial.judgement
    rated = found.assessment if found else None
    if found is None or rated is None:
        return {"composite_score": None, "grade": None, "coverage": 0.0, "scores": []}
    return {
        "composite_score": rated.value,
        "grade": rated.graded.grade,
        "coverage": rated.composite.coverage,
        "weakest": rated.composite.weakest,
        "dimensions": dict(rated.composite.dimensions),
        "scores": [score.model_dump(mode="json") for score in found.scores],
    }


def _put(desk: Desk, key: str, content: dict[str, object]) -> None:
    store: Store = desk.store
    if store.head(key) is None:
        store.put(key, canonical_json(content) + b"\n", JSON)
