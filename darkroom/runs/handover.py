"""Which run a flow run has begun, so that another machine can go on with it.

The checkpoint of a project lies on the machine that began the run. When that machine is
gone, a retry lands elsewhere and would begin a second run. Owns one small document per
flow run in the store, written once: `<project>/working/flow-runs/<id>.json`.
"""

from collections.abc import Mapping
from typing import cast

from darkroom.adapters.stores.protocol import Store
from darkroom.core.keys import RunKeys, is_run_id
from darkroom.runs.checkpoint import Checkpoint
from darkroom.runs.documents import Documents

_SCHEMA = "darkroom.flow_run/1"


def begun_by(store: Store, project: str, flow_run: str) -> Checkpoint | None:
    """The run that this flow run has begun, as it began it; None where it has begun none."""
    if not flow_run:
        return None
    found = Documents(store, RunKeys(project, "")).get(_key(project, flow_run))
    run = found.get("run_id") if found else None
    if found is None or not isinstance(run, str) or not is_run_id(run):
        return None
    return Checkpoint(run, left_out=_numbers(found))


def note(store: Store, project: str, flow_run: str, checkpoint: Checkpoint) -> None:
    """Have every machine know it; nothing where nobody would ask."""
    if flow_run:
        content = {
            "schema": _SCHEMA,
            "run_id": checkpoint.run_id,
            "left_out": list(checkpoint.left_out),
        }
        docs = Documents(store, RunKeys(project, checkpoint.run_id))
        docs.put(_key(project, flow_run), content)


def _key(project: str, flow_run: str) -> str:
    return f"{project}/working/flow-runs/{flow_run}.json"


def _numbers(found: Mapping[str, object]) -> tuple[int, ...]:
    listed = found.get("left_out")
    items = cast("list[object]", listed) if isinstance(listed, list) else []
    return tuple(item for item in items if isinstance(item, int) and item > 0)
