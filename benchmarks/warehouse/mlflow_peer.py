"""MLflow on SQLite, one run per image, where it is installed: `pip install mlflow-skinny`.

Owns the same facts per image that a row of the warehouse has, as parameters, metrics and tags.
"""

import importlib.util
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

IMAGES = 300


def is_there() -> bool:
    """Whether MLflow can be compared with at all."""
    return importlib.util.find_spec("mlflow") is not None


def measure(folder: Path, root: Path, keys: Iterable[str]) -> dict[str, float]:
    """Milliseconds per image written, and per search for seed, score and prompt."""
    # imported here: it is no dependency of ours
    from mlflow.entities import Metric, Param  # pyright: ignore
    from mlflow.tracking import MlflowClient  # pyright: ignore

    logging.getLogger("alembic").setLevel(logging.ERROR)
    client: Any = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.create_experiment("images", artifact_location=str(folder))
    begin = time.perf_counter()
    count = 0
    for key in keys:
        document = orjson.loads((root / key).read_bytes())
        run = client.create_run(experiment).info.run_id
        params = [Param(name, str(value)) for name, value in document["parameters"].items()]
        params.append(Param("prompt", document["input"]["prompt"]))
        score = (document["quality"] or {}).get("composite_score")
        metrics = [] if score is None else [Metric("composite_score", score, 0, 0)]
        client.log_batch(run, metrics=metrics, params=params)
        client.set_terminated(run)
        count += 1
    written = (time.perf_counter() - begin) * 1000 / count
    begin = time.perf_counter()
    wanted = "metrics.composite_score >= 7.5 AND params.prompt LIKE '%sunset%'"
    client.search_runs([experiment], wanted)
    return {"write": written, "search": (time.perf_counter() - begin) * 1000}
