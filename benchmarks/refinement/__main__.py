"""Sixty prompts, two arms, equal budgets: prints the table of docs/judging.md.

    python -m benchmarks.refinement [--prompts 60] [--budget 6] [--folder FOLDER]

Run again after a stop, it goes on where it was; another --folder begins anew.
"""

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.refinement.arms import Delivered, run_arms
from benchmarks.refinement.laboratory import write_project
from benchmarks.refinement.prompts import Case, cases
from benchmarks.refinement.scoring import scored
from benchmarks.refinement.table import rows
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.settings import HOME_VARIABLE, Lab, open_lab
from darkroom.adapters.stores import opened_store

FOLDER = ".darkroom/benchmarks/refinement"


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--budget", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=Path(FOLDER))
    told = parser.parse_args()
    home = (told.folder / f"budget-{told.budget}").resolve()
    home.mkdir(parents=True, exist_ok=True)
    (home / "darkroom.yaml").touch()
    os.environ[HOME_VARIABLE] = str(home)
    chosen = cases(told.prompts)
    lab = open_lab()
    delivered = _delivered(lab, home, chosen, told.budget)
    with opened_store(lab) as store:
        judged = [scored(store, case, item) for case in chosen for item in delivered[case.number]]
    print("\n".join(rows(judged, told.budget)))


def _delivered(lab: Lab, home: Path, chosen: list[Case], budget: int) -> dict[int, list[Delivered]]:
    """Both arms of every prompt; a finished prompt is read from its file."""
    for case in chosen:
        write_project(home, case, budget)
    found: dict[int, list[Delivered]] = {}
    engine = engine_of(lab)
    engine.start()
    try:
        for case in chosen:
            found[case.number] = _arms(lab, home, case, budget)
    finally:
        engine.stop()
    return found


def _arms(lab: Lab, home: Path, case: Case, budget: int) -> list[Delivered]:
    done = home / f"{case.name}.json"
    if done.exists():
        return [Delivered(**parts) for parts in json.loads(done.read_text(encoding="utf-8"))]
    began = time.perf_counter()
    arms = list(run_arms(lab, case, budget))
    part = done.with_suffix(".part")
    part.write_text(json.dumps([asdict(arm) for arm in arms]), encoding="utf-8")
    part.replace(done)
    told = ", ".join(
        f"{arm.arm} {'accepted' if arm.accepted else 'gave up'} after {arm.images}" for arm in arms
    )
    print(f"{case.name} ({time.perf_counter() - began:.0f} s): {told}: {case.text}", flush=True)
    return arms


if __name__ == "__main__":
    main()
