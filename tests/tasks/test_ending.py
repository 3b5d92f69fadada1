"""SIGTERM ends the drawing of an experiment: its jobs leave the server, and Prefect hears of it."""

import os
import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from prefect.exceptions import TerminationSignal

from darkroom.core.errors import Interrupted
from darkroom.core.experiments.deciding import Draw
from darkroom.experiments.running import Work
from tasks import draw_cells
from tasks.ending import called_back
from tests.experiments.lab_scenes import Lab, furnished
from tests.fakes.comfy_server import hold
from tests.fakes.until import until
from tests.writepath.invariants import violations


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    with furnished(tmp_path, monkeypatch) as made:
        yield made


def end_once(holds: Callable[[], object]) -> None:
    def send() -> None:
        until(holds)  # where it never does, this process is to live
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send, daemon=True).start()


def test_a_run_that_a_worker_ends_leaves_no_job_on_the_server(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw_cells, "gpu_slot", lambda _host: _free())
    lab.server.work = hold
    # the server's threads may stand still for a while; what is stopped then stays open otherwise
    monkeypatch.setattr("darkroom.writepath.fleet_crew._LANDING_S", 60.0)
    monkeypatch.setattr("darkroom.writepath.drive._LOOKS", 300)
    before = signal.getsignal(signal.SIGTERM)
    with Work("demo/first") as work:
        step = work.decide()
        assert isinstance(step, Draw)
        end_once(lambda: lab.server.running and lab.server.pending)
        with pytest.raises(TerminationSignal):
            draw_cells.draw_cells.fn(work, step)
    assert signal.getsignal(signal.SIGTERM) is before
    until(lambda: (lab.server.running, lab.server.pending) == (None, []))
    assert violations(lab.home / "projects") == []


def _free() -> object:
    from darkroom.writepath.fleet_terms import free

    return free("")


def test_ctrl_c_stays_ctrl_c() -> None:
    with pytest.raises(Interrupted), called_back():
        raise Interrupted("interrupted", "stopped before the end")


def test_a_thread_hears_no_signals_and_changes_nothing() -> None:
    heard: list[object] = []

    def work() -> None:
        with called_back():
            heard.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [signal.getsignal(signal.SIGTERM)]
