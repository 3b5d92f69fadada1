"""MLflow on SQLite, one run per image: `pip install mlflow` into an environment of its own.

Owns the same facts per image that a row of the warehouse has, as parameters, metrics and tags.
Runs there as a script: `PYTHON -m benchmarks.warehouse.mlflow_peer FOLDER ROOT < KEYS`. It
takes tens of milliseconds per image, so a part of the images is measured and said so.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

IMAGES = 2_000


def measure(python: str, folder: Path, root: Path, keys: Sequence[str]) -> dict[str, float]:
    """Milliseconds per image written, for one search among them, and bytes on disk."""
    command = [python, "-m", "benchmarks.warehouse.mlflow_peer", str(folder), str(root)]
    told = "\n".join(keys)
    done = subprocess.run(command, input=told, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measure(folder: Path, root: Path, keys: Sequence[str]) -> dict[str, float]:
    # imported here: it is no dependency of ours
    from mlflow.entities import Metric, Param  # pyright: ignore
    from mlflow.tracking import MlflowClient  # pyright: ignore

    logging.disable(logging.WARNING)
    database = folder / "mlflow.db"
    database.unlink(missing_ok=True)
    client: Any = MlflowClient(f"sqlite:///{database}")
    experiment = client.create_experiment("images", artifact_location=str(folder))
    begin = time.perf_counter()
    for key in keys:
        document = json.loads((root / key).read_bytes())
        run = client.create_run(experiment).info.run_id
        params = [Param(name, str(value)) for name, value in document["parameters"].items()]
        params.append(Param("prompt", document["input"]["prompt"]))
        score = (document["quality"] or {}).get("composite_score")
        metrics = [] if score is None else [Metric("composite_score", score, 0, 0)]
        client.log_batch(run, metrics=metrics, params=params)
        client.set_terminated(run)
    written = (time.perf_counter() - begin) * 1000 / len(keys)
    begin = time.perf_counter()
    wanted = "metrics.composite_score >= 7.5 AND params.prompt LIKE '%sunset%'"
    client.search_runs([experiment], wanted)
    search = (time.perf_counter() - begin) * 1000
    return {"write": written, "search": search, "bytes": database.stat().st_size / len(keys)}


if __name__ == "__main__":
    wanted = sys.stdin.read().split()
    print(json.dumps(_measure(Path(sys.argv[1]), Path(sys.argv[2]), wanted)))
