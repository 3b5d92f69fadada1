"""A warehouse that grew is the warehouse that is built at once, row for row."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.updating import Files, update
from tests.adapters.warehouse.contents import contents
from tests.fakes.archives import Archive

RUNS = ("2026-11-21_11-30-00", "2026-11-21_11-30-00-2", "2026-11-22_00-00-00")
SCORE = {"metric": "niqe", "tier": "lite", "normalised": 5.0, "raw": 1.0, "version": "1"}
SCORED_AT = "2026-12-01T00:00:00Z"
Action = Callable[[Archive, int], object]
ACTIONS: dict[str, Action] = {
    "image": lambda a, n: a.image(n),
    "damaged": lambda a, n: a.put(a.keys.sidecar(n), b'{"schema": "darkroom/sidecar", "x": NaN}'),
    "s0": lambda a, n: a.foreign("s0-flat.json", f"bucket/{a.run_id}_{n}.png.json"),
    "s2": lambda a, n: a.foreign(
        "s2-iteration.json", f"old/working/{a.run_id}/metadata/iteration_{n}_metadata.json"
    ),
    "s2 too": lambda a, n: a.foreign(
        "s2-iteration.json", f"{a.keys.root}/metadata/iteration_{n:03d}_metadata.json"
    ),
    "run": lambda a, n: a.run(title=f"title {n}"),
    "result": lambda a, n: a.result(n),
    "like": lambda a, n: a.say(a.keys.image(n), is_liked=True, rating=float(n), notes="x"),
    "forget": lambda a, n: a.say(a.keys.image(n), is_liked=None, extra={"a": [n]}),
    "hide run": lambda a, n: a.say("run", is_deleted=n == 1, display_name=f"name {n}"),
    "score": lambda a, n: a.score(a.keys.image(n), SCORED_AT, 4.0 + n, SCORE),
    "rank": lambda a, n: a.rank([n, 3], {str(n): "good"}),
    "remove": lambda a, n: a.store.delete(a.keys.sidecar(n)),
    "remove run": lambda a, n: a.store.delete(f"{a.keys.root}/run.json"),
}


@dataclass(frozen=True)
class Step:
    what: str
    run: int
    number: int


def _steps() -> st.SearchStrategy[list[Step]]:
    what = st.sampled_from([*ACTIONS, "sync"])
    one = st.builds(Step, what, st.integers(0, 2), st.integers(1, 3))
    return st.lists(one, min_size=3, max_size=18)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_steps())
def test_however_it_grew_it_holds_what_a_build_at_once_holds(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = FolderStore(folder / "store")
        archives = [Archive(store, run_id=run) for run in RUNS]
        for number, archive in enumerate(archives):
            archive.skip_ids(1000 * number)
        archives[0].run()  # something is always there
        grown, built = Files(folder / "grown.duckdb"), Files(folder / "built.duckdb")
        update(grown, store)
        for step in steps:
            if step.what == "sync":
                update(grown, store)
            else:
                ACTIONS[step.what](archives[step.run], step.number)
        last = update(grown, store)
        first = update(built, store)
        assert contents(grown.published) == contents(built.published)
        assert (last.failed_checks, first.failed_checks) == ((), ())
        assert not update(grown, store).is_new
