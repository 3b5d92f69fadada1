"""A server left behind by a killed run is ended; anybody else's is left alone."""

import json
import os
import subprocess
import sys

import pytest
from prefect.server.api.server import SubprocessASGIServer

from darkroom.adapters.processes import started_at
from flows.left_over import FOLDER, end_left_over, own_server, remember, spare_own_server
from tests.fakes.unmeasured import unmeasured


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_the_server_of_a_run_that_is_gone_is_ended(tmp_path, sleeper):
    record = remember(tmp_path, sleeper.pid)
    said = json.loads(record.read_text()) | {"owner": "long ago"}
    record.write_text(json.dumps(said))
    assert end_left_over(tmp_path) == 1
    assert sleeper.wait(60) == -15
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_server_of_a_run_that_goes_on_is_left_alone(tmp_path, sleeper):
    record = remember(tmp_path, sleeper.pid)
    assert end_left_over(tmp_path) == 0
    assert sleeper.poll() is None
    assert record.name == f"{os.getpid()}.json"


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path, sleeper):
    (tmp_path / FOLDER).mkdir()
    said = {"owner": "gone", "server": sleeper.pid, "began": "another time"}
    (tmp_path / FOLDER / "1.json").write_text(json.dumps(said))
    (tmp_path / FOLDER / "2.json").write_text("torn")
    assert end_left_over(tmp_path) == 0
    assert sleeper.poll() is None
    assert started_at(sleeper.pid) is not None


def test_a_process_without_a_server_of_prefects_has_none_to_remember():
    code = "from flows.left_over import own_server; print(own_server())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=unmeasured(os.environ),
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "None"
    assert callable(own_server)


def test_the_server_prefect_starts_hears_no_ctrl_c(monkeypatch):
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"

    def begin(_server):
        return subprocess.check_output([sys.executable, "-S", "-c", code], text=True)

    monkeypatch.setattr(SubprocessASGIServer, "_run_uvicorn_command", begin)
    assert begin(None) == "False\n"
    spare_own_server()
    spare_own_server()
    assert SubprocessASGIServer._run_uvicorn_command(None) == "True\n"
    assert begin(None) == "False\n"
