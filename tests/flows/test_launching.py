"""What Prefect is given before it is imported, and that a door does not import it early."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from unittest import mock

import httpx
import pytest

from darkroom.core.errors import Interrupted, OutsideError
from darkroom.runs.params import IterateParams
from darkroom.runs.report import RunReport
from darkroom.runs.telling import Closed, Event, Said, tell
from flows import launching
from flows.launching import needs_own_server, prepare, translated
from flows.left_over import drop_unsent_events


def test_prefect_tells_nobody_anything_and_keeps_to_our_folder():
    environ: dict[str, str] = {"PREFECT_SERVER_ANALYTICS_ENABLED": "true"}
    prepare(Path("home"), environ)
    assert environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environ["DO_NOT_TRACK"] == "1"
    assert environ["PREFECT_HOME"] == "home/.darkroom/prefect"


def test_what_a_person_set_for_prefect_stays():
    environ = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_HOME": "theirs"}
    prepare(Path("home"), environ)
    assert environ["PREFECT_LOGGING_LEVEL"] == "DEBUG"
    assert environ["PREFECT_HOME"] == "theirs"


def test_a_server_is_started_only_where_none_is_named():
    assert needs_own_server({})
    assert not needs_own_server({"PREFECT_API_URL": "http://127.0.0.1:4200/api"})


def test_launching_does_not_import_prefect_before_a_flow_starts():
    code = "import sys, flows.launching; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_files_and_flags_say_wrongly_is_told_before_prefect_is_started(tmp_path):
    code = (
        "import sys\n"
        "from darkroom.core.errors import UsageError\n"
        "from darkroom.runs.params import IterateParams\n"
        "from flows.launching import run_iterate\n"
        "try: run_iterate(IterateParams(project='nothing'), print)\n"
        "except UsageError as error: sys.exit(error.code if 'prefect' in sys.modules else 7)\n"
    )
    environ = {**os.environ, "DARKROOM_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environ).returncode == 7
    assert not (tmp_path / ".darkroom").exists()


def fails_after(events: list[Event]) -> Callable[..., None]:
    def iterate(*_: object) -> None:
        for event in events:
            tell(event)
        raise httpx.ConnectError("refused")

    return iterate


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr(launching, "refuse_early", lambda _: None)
    with mock.patch.dict(os.environ):  # what Prefect is told here is not for later tests
        yield tmp_path


def test_a_run_that_is_complete_stays_so_when_prefect_cannot_be_told(home, monkeypatch):
    report = RunReport("demo", "r", "accepted", "", 1, 100.0, None, None, None, ())
    monkeypatch.setattr("flows.iterate.iterate", fails_after([Closed(report)]))
    said: list[Event] = []
    assert launching.run_iterate(IterateParams(project="demo"), said.append) == report
    assert "does not answer" in str(said[0])
    assert "Prefect could not be told" in str(said[-1])


def test_a_run_that_is_not_complete_fails_with_prefect(home, monkeypatch):
    monkeypatch.setattr("flows.iterate.iterate", fails_after([Said("begun")]))
    with pytest.raises(OutsideError, match="ConnectError") as caught:
        launching.run_iterate(IterateParams(project="demo"), lambda _: None)
    assert caught.value.code == "prefect-failed"


def test_what_could_not_be_told_is_forgotten(monkeypatch):
    told: Queue[int] = Queue()
    told.put(1)
    known = {0: SimpleNamespace(_queue=told), 1: object()}
    monkeypatch.setattr("prefect.events.worker.EventsWorker._instances", known)
    drop_unsent_events()
    assert told.empty()


def test_a_stop_that_prefects_own_server_heard_as_well_is_a_stop():
    def tell_prefect():
        raise httpx.ConnectError("it is gone")

    def run():
        try:
            raise KeyboardInterrupt
        finally:
            tell_prefect()

    with pytest.raises(Interrupted), translated():
        run()
