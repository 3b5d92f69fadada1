"""Machines that share nothing but a store, a folder or S3: a job they all want is drawn once.

A machine is a folder for locks of its own; every contender is a process of its own.
"""

import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from darkroom.adapters.stores import FolderStore
from darkroom.adapters.stores.protocol import Stat, Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys, job_key
from darkroom.writepath.desk import Committed, Desk
from darkroom.writepath.draw import draw
from darkroom.writepath.locks import Locks
from darkroom.writepath.turns import Note, Pace, Turns
from tests.fakes.s3_servers import RcloneServer, rclone
from tests.fakes.until import until
from tests.writepath.invariants import sidecars, violations
from tests.writepath.scenes import PROJECT, Scene, a_job

PATIENT = Pace(beat_s=20.0, expires_s=90.0)
"""Whoever stands still for seconds is not taken for dead; the dead are named, see `Aged`."""
A_WHILE = 300  # questions, a millisecond or more each
JOB = a_job(1).key
LONGEST_S = 60


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("s3")) as server:
        yield server


class Aged:
    """A store whose notes of dead machines are an hour old."""

    def __init__(self, store: Store, dead: Path) -> None:
        self._store, self._dead = store, dead

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def head(self, key: str) -> Stat | None:
        stat = self._store.head(key)
        is_dead = (self._dead / key.removesuffix(".json").rpartition(".")[2]).exists()
        return replace(stat, modified_at=stat.modified_at - 3600) if stat and is_dead else stat


class Shared:
    """A store that several machines reach, and the server all of them draw on."""

    def __init__(self, tmp_path: Path, server: RcloneServer | None) -> None:
        self.scene = Scene(tmp_path)
        self.server = server
        self.bucket = f"lab-{secrets.token_hex(6)}"
        self.dead = tmp_path / "dead"
        self.dead.mkdir()
        if server is not None:
            server.store(self.bucket).create_bucket()

    @property
    def root(self) -> Path:
        return self.server.root / self.bucket if self.server else self.scene.root

    def store(self) -> Store:
        store = self.server.store(self.bucket) if self.server else FolderStore(self.root)
        return Aged(store, self.dead)

    def desk(self, machine: str, pace: Pace = PATIENT) -> Desk:
        locks = Locks(self.scene.folder / f"locks-{machine}")
        return Desk(self.store(), locks, settle_s=0.0, pace=pace)

    def notes(self) -> list[Path]:
        return sorted(self.root.glob("*/working/turns/*.json"))

    def committed(self) -> list[str]:
        return [document["identity"]["key"] for _, document in sidecars(self.root)]


@pytest.fixture(params=["folder", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Shared:
    server = request.getfixturevalue("s3") if request.param == "s3" else None
    return Shared(tmp_path, server)


def own_run(number: int) -> RunKeys:
    return RunKeys(PROJECT, f"2026-01-{number + 10}_08-00-00")


def started(work: Callable[[], object]) -> int:
    """In a process of its own: nobody waits for it yet."""
    pid = os.fork()
    if pid == 0:
        code = 1
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST_S)  # it must not outlive a test that failed
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def contender(shared: Shared, number: int, machine: str) -> int:
    def work() -> None:
        desk = shared.desk(machine)
        drawn = draw(a_job(1, keys=own_run(number)), desk, shared.scene.server)
        assert isinstance(drawn, Committed)
        (shared.scene.folder / f"result-{number}").write_text(drawn.image_key)

    return started(work)


def all_ended(pids: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


@pytest.mark.parametrize("is_one_machine", [True, False], ids=["one-machine", "many-machines"])
@pytest.mark.parametrize("count", [2, 5])
def test_who_wants_the_same_job_at_once_gets_one_image(shared, count, is_one_machine):
    shared.scene.server.script(questions=A_WHILE)
    machines = ["here" if is_one_machine else f"m{number}" for number in range(count)]
    pids = [contender(shared, number, machine) for number, machine in enumerate(machines)]
    assert all_ended(pids) == [0] * count
    assert len(shared.scene.server.submissions) == 1
    (image,) = shared.committed()
    said = {path.read_text() for path in shared.scene.folder.glob("result-*")}
    assert said == {image}
    assert shared.notes() == []
    assert violations(shared.root) == []


@pytest.mark.parametrize("count", [2, 5])
def test_a_waiter_takes_over_from_a_winner_that_was_killed(shared, count):
    shared.scene.server.script(held=True)
    pids = [contender(shared, number, f"m{number}") for number in range(count)]
    winner, machine = _winner(shared)
    os.kill(winner, signal.SIGKILL)
    (shared.dead / machine).touch()
    shared.scene.server.script(held=False)
    assert all_ended([pid for pid in pids if pid != winner]) == [0] * (count - 1)
    os.waitpid(winner, 0)
    # it was still on the server: whoever took over collected it
    assert len(shared.scene.server.submissions) == 1
    assert len(shared.committed()) == 1
    assert shared.notes() == []
    assert violations(shared.root) == []


def _winner(shared: Shared) -> tuple[int, str]:
    """The process that may write the image, once the server has the job, and its machine."""
    server = shared.scene.server.folder
    until(lambda: any((server / "jobs").iterdir()))
    (lock,) = shared.scene.folder.glob("locks-*/image-*.lock")
    machine = (lock.parent / "machine").read_text()
    return int(json.loads(lock.read_text())["pid"]), machine


def test_many_jobs_wanted_by_many_machines_are_each_drawn_once(tmp_path):
    shared, jobs = Shared(tmp_path, None), range(1, 13)

    def contend(number: int) -> None:
        desk = shared.desk(f"m{number}")
        for seed in jobs:
            assert isinstance(draw(a_job(seed), desk, shared.scene.server), Committed)

    pids = [started(lambda number=number: contend(number)) for number in range(4)]
    assert all_ended(pids) == [0] * 4
    assert len(shared.scene.server.submissions) == len(jobs)
    assert len(shared.committed()) == len(jobs)
    assert shared.notes() == []


def turns(shared: Shared, machine: str, pace: Pace = PATIENT) -> Turns:
    return shared.desk(machine, pace).turns(PROJECT)


def nothing() -> None:
    return


def test_a_holder_at_work_for_longer_than_a_note_counts_keeps_its_turn(shared):
    here = turns(shared, "here", Pace(beat_s=0.2, expires_s=90.0))
    there = turns(shared, "there")
    with here.tried(JOB) as is_ours:
        assert is_ours
        (note,) = (note.key(PROJECT) for note in here.notes(JOB))
        begun_at = _left_at(here.store, note)
        if shared.server is None:  # rclone keeps the times it gave
            os.utime(shared.root / note, (begun_at - 3600, begun_at - 3600))
        until(lambda: _left_at(here.store, note) > begun_at)
        with there.tried(JOB) as is_theirs:
            assert not is_theirs
    with there.tried(JOB) as is_theirs:
        assert is_theirs


def _left_at(store: Store, key: str) -> float:
    stat = store.head(key)
    return stat.modified_at if stat else 0.0


def test_who_waits_too_long_is_told_so_and_leaves_nothing(shared):
    here, there = turns(shared, "here"), turns(shared, "there")
    with (
        here.tried(JOB),
        pytest.raises(UsageError) as refused,
        there.awaited(JOB, 0.0, nothing, lambda: None),
    ):
        pytest.fail("it was not its turn")
    assert refused.value.code == "turn-taken"
    assert shared.notes() == []


def test_what_another_machine_did_meanwhile_is_the_answer(shared):
    here, there = turns(shared, "here"), turns(shared, "there")
    with here.tried(JOB), there.awaited(JOB, 5.0, nothing, lambda: "done") as found:
        assert found == "done"


def left_behind(shared: Shared, machine: str) -> None:
    """A note whose process died."""
    here = turns(shared, machine)
    note = Note("01m7zkc2pmxcn5r3ahqze9aahw", here.machine, JOB)
    here.store.put(note.key(PROJECT), b"{}\n", "application/json")


def test_a_note_of_this_machine_that_lies_there_is_of_a_process_that_is_gone(shared):
    left_behind(shared, "here")
    with turns(shared, "here").tried(JOB) as is_ours:
        assert is_ours
        assert len(shared.notes()) == 1
    assert shared.notes() == []


@pytest.mark.parametrize("ahead_s", [-86_400.0, 0.0, 86_400.0])
def test_a_note_expires_by_the_clock_of_the_store(tmp_path, ahead_s):
    shared = Shared(tmp_path, None)

    class Elsewhere(FolderStore):
        def head(self, key):
            stat = super().head(key)
            return stat and replace(stat, modified_at=stat.modified_at + ahead_s)

    left_behind(shared, "there")
    here = replace(turns(shared, "here"), store=Elsewhere(shared.root))
    with here.tried(JOB) as is_ours:
        assert not is_ours
    (note,) = shared.notes()
    os.utime(note, (time.time() - 3600, time.time() - 3600))
    with here.tried(JOB) as is_ours:
        assert is_ours


def test_a_note_that_was_long_in_coming_makes_no_other_look_dead(tmp_path, monkeypatch):
    shared, passed_s = Shared(tmp_path, None), 0.0
    clock = SimpleNamespace(
        monotonic=lambda: time.monotonic() + passed_s, time=time.time, time_ns=time.time_ns
    )
    monkeypatch.setattr("darkroom.writepath.turns.time", clock)

    class Slow(FolderStore):
        def put(self, *told, **more):
            nonlocal passed_s
            passed_s += 3600.0
            return super().put(*told, **more)

    left_behind(shared, "there")
    with replace(turns(shared, "here"), store=Slow(shared.root)).tried(JOB) as is_ours:
        assert not is_ours


def test_a_note_never_waits_in_the_spool(tmp_path):
    shared = Shared(tmp_path, None)
    store = SpooledStore(FolderStore(shared.root), tmp_path / "spool")
    store.put("demo/a", b"a", "text/plain")
    with Turns(store, PROJECT, "0" * 16).tried(JOB):
        assert store.pending().waiting == 0
        assert len(shared.notes()) == 1


def test_a_killed_process_leaves_its_note_and_a_look_at_what_is_left_ends_its_job(shared):
    shared.scene.server.script(held=True)
    victim = contender(shared, 1, "here")
    assert _winner(shared)[0] == victim
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    assert len(shared.notes()) == 1
    shared.scene.server.script(held=False)
    report = _looked(shared, "here")
    assert report == ["collected"]
    assert len(shared.committed()) == 1
    assert shared.notes() == []
    assert _looked(shared, "here") == []


def _looked(shared: Shared, machine: str) -> list[str]:
    from darkroom.writepath.reconcile import ReconcileOptions, reconcile

    servers = {"fake": shared.scene.server}
    options = ReconcileOptions(only_left=True, lock_wait_s=5.0)
    report = reconcile(PROJECT, shared.desk(machine), servers, options=options)
    return [finding.kind for finding in report.findings]


def test_another_machine_takes_over_at_once_what_a_dead_one_was_in_the_middle_of(tmp_path):
    shared = Shared(tmp_path, None)
    shared.scene.server.script(held=True)
    victim = contender(shared, 1, "here")
    _, machine = _winner(shared)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    shared.scene.server.script(held=False)
    assert _looked(shared, "there") == ["active"]  # it may be alive still
    (shared.dead / machine).touch()
    assert _looked(shared, "there") == ["collected"]


def test_another_version_of_the_key_or_of_the_engine_is_another_job():
    graph: dict[str, object] = {"1": {}}
    usual = job_key(graph, {}, 1, "engine/1")
    assert job_key(graph, {}, 1, "engine/1", version="2") != usual
    assert job_key(graph, {}, 1, "engine/2") != usual


def test_what_is_asked_for_afresh_is_drawn_again_and_once_per_run(tmp_path):
    scene = Scene(tmp_path)
    first = draw(a_job(1), scene.desk(), scene.server)
    again = replace(a_job(1, keys=own_run(2)), is_fresh=True)
    drawn = [draw(again, scene.desk(), scene.server) for _ in range(2)]
    assert [one.fresh for one in drawn] == [True, False]
    assert drawn[0].image_key != first.image_key
    assert len(scene.server.submissions) == 2
    assert draw(a_job(1, keys=own_run(3)), scene.desk(), scene.server).image_key == first.image_key
    assert violations(scene.root) == []


def test_a_stored_job_is_found_without_reading_what_else_the_project_has(tmp_path):
    scene = Scene(tmp_path)
    for seed in (1, 2, 3):
        draw(a_job(seed), scene.desk(), scene.server)
    asked: list[str] = []

    class Watched(FolderStore):
        def iter_keys(self, prefix="", start_after=""):
            asked.append(prefix)
            return super().iter_keys(prefix, start_after)

    desk = replace(scene.desk(), store=Watched(scene.root))
    assert not draw(a_job(2, keys=own_run(2)), desk, scene.server).fresh
    assert asked == [f"{PROJECT}/working/jobs/{a_job(2).key}/"]
