"""Start a run from a person's ranking of an earlier one.

Owns which run is meant and the way from its ranking.json and metadata to the start.
How the ranked iterations are blended is `darkroom.core.ranking`'s.
"""

from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys, is_run_id
from darkroom.core.ranking import Ranked, RankingMode, Start, read_ranking, start_from_ranking
from darkroom.runs import records
from darkroom.runs.documents import Documents, run_ids

LATEST = "latest"


def ranked_start(store: Store, project: str, run: str, mode: RankingMode) -> Start:
    """What the ranking of that run says to begin with."""
    docs = _ranked_run(store, project, run)
    order, notes = read_ranking(docs.get(docs.keys.ranking()) or {})
    found: list[Ranked] = []
    for number in order:
        told = docs.of("metadata", number)
        if told is not None:
            settings = records.read_settings(told["parameters_used"])
            prompts = records.read_prompts(told["prompts_used"])
            found.append(Ranked(number, settings, prompts, notes.get(number, "")))
    return start_from_ranking(found, mode)


def _ranked_run(store: Store, project: str, run: str) -> Documents:
    if run != LATEST and not is_run_id(run):
        raise UsageError("run-unknown", f"{run[:80]!r} is no run id and not `{LATEST}`")
    names = [run] if run != LATEST else reversed(run_ids(store, project))
    for name in names:
        keys = RunKeys(project, name)
        if store.head(keys.ranking()) is not None:
            return Documents(store, keys)
    which = "no run" if run == LATEST else f"run {run}"
    raise UsageError("ranking-missing", f"{which} of {project} has a ranking", where=store.name)
