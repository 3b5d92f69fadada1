"""The engine is ended by the last who used it, unless a person started it to stay."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from darkroom.adapters import engine_process
from darkroom.adapters.engine_process import EngineProcess
from darkroom.adapters.processes import started_at
from tests.writepath.scenes import KILLED, in_child


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    monkeypatch.setattr(engine_process, "_ASK_WITHIN_S", 60.0)
    yield tmp_path / "engine"
    EngineProcess(tmp_path / "engine").stop()


def test_the_last_user_ends_it_and_not_the_first(folder: Path):
    with EngineProcess(folder).used() as first:
        with EngineProcess(folder).used() as second:
            assert (first.started, second.started) == (True, False)
            assert first.pid == second.pid
        assert EngineProcess(folder).status() is not None
    assert started_at(first.pid) is None
    assert EngineProcess(folder).status() is None


def test_the_one_who_started_it_may_leave_first(folder: Path):
    first, second = EngineProcess(folder).used(), EngineProcess(folder).used()
    pid = first.__enter__().pid
    second.__enter__()
    first.__exit__(None, None, None)
    assert started_at(pid) is not None
    second.__exit__(None, None, None)
    assert started_at(pid) is None


def test_one_that_a_person_started_stays(folder: Path):
    engine = EngineProcess(folder)
    pid = engine.start().pid
    with engine.used() as found:
        assert found.pid == pid
    assert started_at(pid) is not None


def test_one_that_a_person_asks_for_while_it_is_used_stays(folder: Path):
    engine = EngineProcess(folder)
    with engine.used() as found:
        assert engine.start().pid == found.pid
    assert engine.status() is not None


def test_one_that_a_killed_run_left_behind_is_used_and_ended_by_the_next(folder: Path):
    def dies() -> None:
        with EngineProcess(folder).used():
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(dies) == KILLED
    left = EngineProcess(folder).status()
    assert left is not None
    with EngineProcess(folder).used() as found:
        assert (found.pid, found.started) == (left.pid, False)
    assert started_at(left.pid) is None
    assert list((folder / "users").iterdir()) == []


def test_a_note_nobody_can_read_counts_for_nobody(folder: Path):
    (folder / "users").mkdir(parents=True)
    (folder / "users/x-1.json").write_text("torn")
    with EngineProcess(folder).used() as found:
        pass
    assert started_at(found.pid) is None
