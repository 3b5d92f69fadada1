"""The record of a flow run at work: what stays of it when the run is stopped, fails or ends."""

from pathlib import Path
from uuid import uuid4

import pytest
from prefect.exceptions import TerminationSignal

from darkroom.core.errors import Interrupted
from flows import stuck
from flows.stuck import FOLDER, begin_to_run, known_as_running, read_record

NAME = str(uuid4())
CARRIES = "demo/2026-01-09_22-25-59"
STOPPED = [
    TerminationSignal(signal=15),
    KeyboardInterrupt(),
    SystemExit(0),
    Interrupted("interrupted", "stopped"),
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stuck.flow_run, "get_id", lambda: NAME)
    return tmp_path / FOLDER / f"{NAME}.json"


def heard(monkeypatch: pytest.MonkeyPatch, *, is_so: bool) -> None:
    monkeypatch.setattr(stuck, "_is_heard", lambda: is_so)


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "unheard"])
@pytest.mark.parametrize("error", STOPPED, ids=lambda error: type(error).__name__)
def test_a_run_that_was_stopped_is_not_over(file, tmp_path, monkeypatch, error, is_heard):
    heard(monkeypatch, is_so=is_heard)
    with pytest.raises(type(error)), known_as_running(tmp_path, CARRIES):
        raise error
    record = read_record(file)
    assert record is not None
    assert (record.carries, record.ended) == (CARRIES, None)


@pytest.mark.parametrize("fails", [True, False], ids=["failed", "completed"])
def test_an_end_that_prefect_could_not_be_told_is_written_down(file, tmp_path, monkeypatch, fails):
    heard(monkeypatch, is_so=False)
    try:
        with known_as_running(tmp_path, CARRIES):
            assert not fails
    except AssertionError:
        pass
    record = read_record(file)
    assert record is not None
    assert record.ended == ("failed" if fails else "completed")
    heard(monkeypatch, is_so=True)
    with known_as_running(tmp_path, CARRIES):
        assert file.exists()
    assert not file.exists()


def test_a_run_is_known_before_it_is_known_what_it_carries(file, tmp_path):
    begin_to_run(tmp_path)
    first = read_record(file)
    assert first is not None
    assert (first.lives, first.carries) == (True, None)
    stuck.replace(first, pid=2**22 + 1, carries=CARRIES).write(file)
    begin_to_run(tmp_path)
    again = read_record(file)
    assert again is not None
    assert (again.lives, again.carries) == (True, CARRIES)
