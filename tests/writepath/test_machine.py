"""Any order of draws, crashes, reconciles, restarts and faults: the invariants hold."""

import json
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from darkroom.adapters.stores import FolderStore
from darkroom.core.errors import DarkroomError, StoreUnavailable
from darkroom.core.keys import RunKeys
from darkroom.writepath.crashpoints import armed
from darkroom.writepath.desk import Desk
from darkroom.writepath.draw import draw
from darkroom.writepath.reconcile import ReconcileOptions, reconcile
from tests.writepath.invariants import violations
from tests.writepath.scenes import MEMORY, PROJECT, Scene, a_job

RUNS = [RunKeys(PROJECT, f"2026-01-0{day}_08-00-00") for day in (1, 2)]
SECRET = "canary-55"


class Crash(BaseException):
    """Stands for the kill: no handler of ours may catch it."""


def crash() -> None:
    raise Crash


class Faulty(FolderStore):
    """Refuses the n-th write from now on."""

    left = 0

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        self.left -= 1
        if self.left == 0:
            raise StoreUnavailable("store-unavailable", "scripted")
        return super().put(key, data, content_type, lasting=lasting)


class WritePath(RuleBasedStateMachine):
    """One project, two runs, three jobs, one server."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))  # fsync is most of the time
        self.scene = Scene(self.folder)
        self.server = self.scene.server
        self.damaged = False
        self.calm = False
        self.locks = self.scene.desk().locks

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def desk(self, fails_at: int = 0) -> Desk:
        store = Faulty(self.scene.root)
        store.left = fails_at
        return Desk(store, self.locks, redact=lambda text: text.replace(SECRET, "*"), settle_s=0.0)

    @rule(
        seed=st.integers(1, 3),
        run=st.sampled_from(RUNS),
        nth=st.integers(0, 10),
        fails_at=st.integers(0, 7),
    )
    def draws(self, seed: int, run: RunKeys, nth: int, fails_at: int) -> None:
        self.calm = False
        job = a_job(seed, keys=run)
        try:
            with armed(f"any:{nth or 99}", crash):
                draw(job, self.desk(fails_at), self.server)
        except (Crash, DarkroomError):
            pass

    @rule(nth=st.integers(1, 12), fails_at=st.integers(0, 5))
    def reconcile_dies(self, nth: int, fails_at: int) -> None:
        try:
            with armed(f"any:{nth}", crash):
                self._reconcile(fails_at)
        except (Crash, DarkroomError):
            pass

    @rule()
    def reconciles(self) -> None:
        self.server.script(result="done", forgets_at=[], bad_fetches=0)
        self._reconcile(0)
        self.calm = True

    def _reconcile(self, fails_at: int) -> None:
        options = ReconcileOptions(lock_wait_s=5.0)
        reconcile(PROJECT, self.desk(fails_at), {"fake": self.server}, options=options)

    @rule()
    def server_restarts(self) -> None:
        self.server.restart()

    @rule(
        result=st.sampled_from(["done", "done", "error", "nothing"]),
        forgets=st.booleans(),
        bad=st.integers(0, 2),
        questions=st.integers(1, 3),
    )
    def server_changes(self, result: str, forgets: bool, bad: int, questions: int) -> None:
        number = len(self.server.submissions) + 1
        self.server.script(
            result=result,
            forgets_at=[number] if forgets else [],
            bad_fetches=bad,
            questions=questions,
        )

    @precondition(lambda self: self.scene.files("*/intents/*"))
    @rule(data=st.data(), text=st.sampled_from(["", "{}", "<html>"]))
    def an_intent_rots(self, data: st.DataObject, text: str) -> None:
        data.draw(st.sampled_from(self.scene.files("*/intents/*"))).write_text(text)
        self.damaged = True

    @precondition(lambda self: self.scene.files("jobs/*/*"))
    @rule(data=st.data())
    def the_index_rots(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.scene.files("jobs/*/*"))).unlink()
        # a lost entry may let another run draw the job again until reconcile restores it
        self._reconcile(0)

    @invariant()
    def every_commit_is_whole_and_single(self) -> None:
        found = violations(self.scene.root, SECRET, settled=self.calm and not self.damaged)
        assert found == []

    @invariant()
    def nothing_is_drawn_while_the_server_still_has_it(self) -> None:
        assert self.damaged or self.server.doubles == []

    @invariant()
    def each_submission_was_promised_first(self) -> None:
        if self.damaged:
            return
        promised = {
            json.loads(path.read_text())["prompt_id"]
            for path in self.scene.files("*/intents/*.json")
        }
        assert set(self.server.submissions) <= promised


TestWritePath = WritePath.TestCase
TestWritePath.settings = settings(
    max_examples=50,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
