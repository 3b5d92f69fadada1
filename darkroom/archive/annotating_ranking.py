"""Write the order a person gave a run's images, in the form the next run is started from."""

import json
from collections.abc import Mapping, Sequence

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys
from darkroom.core.ranking import ranking_document


def rank(
    store: Store, run: str, order: Sequence[int], notes: Mapping[int, str], now_s: float
) -> dict[str, object]:
    """Write human/ranking.json of `PROJECT/RUN_ID`; the latest ranking counts."""
    project, _, run_id = run.partition("/")
    keys = RunKeys(project, run_id)
    _check(store, keys, order, notes)
    document = ranking_document(order, notes, now_s)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    store.put(keys.ranking(), text.encode(), "application/json")
    return document


def _check(store: Store, keys: RunKeys, order: Sequence[int], notes: Mapping[int, str]) -> None:
    mistakes = [] if order else ["no iteration is ranked"]
    mistakes += [f"{n} stands twice" for n in sorted({n for n in order if order.count(n) > 1})]
    mistakes += [f"the note on {n} is on no ranked iteration" for n in notes if n not in order]
    absent = [n for n in dict.fromkeys(order) if n < 1 or store.head(keys.sidecar(n)) is None]
    mistakes += [f"the run has no iteration {n}" for n in absent]
    if mistakes:
        raise UsageError("annotation-invalid", "; ".join(mistakes), where=keys.root)
