"""The plan of a new run: which images it sets out to draw, under what it is known.

Owns its making. What a plan is, and where it lies, is `history`'s.
"""

from collections.abc import Mapping
from typing import cast

from darkroom.core.sidecar import moment
from darkroom.experiments.attempts import plan_of
from darkroom.experiments.history import RunPlan, plain_cell
from darkroom.experiments.opening import Opened
from darkroom.writepath.naming import new_run


def new_plan(opened: Opened) -> RunPlan:
    """Everything that was declared, with seeds; nothing is written yet."""
    seeds, refined = opened.seeds(), plan_of(opened.experiment, 0)
    return RunPlan(
        keys=new_run(opened.desk, opened.project),
        at=moment(opened.desk.now()),
        entries=opened.entries(seeds, opened.cells),
        seeds=seeds,
        cells={cell.id: plain_cell(cell) for cell in opened.cells},
        digest=opened.digest,
        judging=opened.judging.identity,
        attempts=refined.max_attempts if refined else 1,
        declared=cast("Mapping[str, object]", opened.declared.written),
    )
