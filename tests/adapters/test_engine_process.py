"""Starting, finding and stopping the embedded engine as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from darkroom.adapters import engine_process
from darkroom.adapters.engine_process import EngineProcess
from darkroom.adapters.processes import environment, has_ended, held_lock, spawn, started_at
from darkroom.core.errors import ComfyError, ComfyUnreachable, UsageError
from tests.fakes.s3_servers import free_port


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for seconds is no fault of the engine's."""
    monkeypatch.setattr(engine_process, "_ASK_WITHIN_S", 60.0)
    monkeypatch.setattr(engine_process, "_PORT_WITHIN_S", 60.0)


@pytest.fixture
def engine(tmp_path: Path) -> Generator[EngineProcess]:
    process = EngineProcess(tmp_path / "engine")
    yield process
    process.stop()


def _record(tmp_path: Path) -> dict[str, object]:
    return json.loads((tmp_path / "engine" / "engine.json").read_text())


def test_starting_twice_gives_the_same_engine_and_stopping_ends_it(engine: EngineProcess) -> None:
    assert engine.status() is None
    first = engine.start()
    again = engine.start()
    assert (first.started, again.started) == (True, False)
    assert (first.pid, first.url) == (again.pid, again.url)
    assert engine.status() == again
    with pytest.raises(UsageError) as refused:
        engine.start(port=1)
    assert refused.value.code == "engine-other-port"
    assert engine.stop() is True
    assert started_at(first.pid) is None
    assert engine.status() is None
    assert engine.stop() is False


def test_two_starters_at_once_start_one_engine(engine: EngineProcess, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        others = [EngineProcess(tmp_path / "engine") for _ in range(2)]
        found = list(pool.map(lambda one: one.start(), others))
    assert len({one.pid for one in found}) == 1
    assert sorted(one.started for one in found) == [False, True]


def test_a_killed_engine_is_noticed_and_replaced(engine: EngineProcess) -> None:
    first = engine.start()
    os.kill(first.pid, signal.SIGKILL)
    while started_at(first.pid) is not None:
        time.sleep(0.01)
    assert engine.status() is None
    second = engine.start()
    assert second.started
    assert second.pid != first.pid


def test_a_process_that_only_has_the_number_is_never_stopped(
    engine: EngineProcess, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        folder = tmp_path / "engine"
        folder.mkdir()
        said = {"pid": stranger.pid, "began": "another moment", "instance": "x"}
        (folder / "engine.json").write_text(json.dumps(said))
        assert engine.status() is None
        assert engine.stop() is False
        assert stranger.poll() is None
        stranger.communicate(b"\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_damaged_record_counts_as_none(engine: EngineProcess, tmp_path: Path, text: str) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "engine.json").write_text(text)
    assert engine.status() is None
    assert engine.stop() is False


def test_a_port_that_is_taken_is_an_error_with_the_reason(engine: EngineProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ComfyUnreachable) as failed:
            engine.start(port)
    assert failed.value.code == "engine-not-started"
    assert f"cannot serve on 127.0.0.1 port {port}" in failed.value.message


def test_an_engine_that_is_too_slow_is_ended_again(engine: EngineProcess, tmp_path: Path) -> None:
    with pytest.raises(ComfyUnreachable) as failed:
        engine.start(within_s=0.0)
    assert "did not answer in time" in failed.value.message
    assert not (tmp_path / "engine" / "engine.json").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ComfyUnreachable) as failed:
        EngineProcess(tmp_path / "file" / "engine").start()
    assert failed.value.code == "engine-not-started"


def test_a_large_log_is_put_aside(engine: EngineProcess, tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "engine.log").write_bytes(b"x" * (5 * 1024 * 1024))
    found = engine.start()
    assert Path(found.log).stat().st_size < 1000
    assert (folder / "engine.log.1").exists()


def test_an_engine_that_ignores_the_request_is_killed(
    engine: EngineProcess, tmp_path: Path
) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    deaf = "import signal,time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    pid = spawn([sys.executable, "-c", f"{deaf}; time.sleep(60)"], folder / "log")
    while not (folder / "log").read_text():
        time.sleep(0.01)
    said = {"pid": pid, "began": started_at(pid), "instance": "x"}
    (folder / "engine.json").write_text(json.dumps(said))
    assert engine.stop(within_s=0.05) is True
    assert started_at(pid) is None


def test_a_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    def busy() -> Exception:
        return ComfyError("engine-busy", "busy")

    now, file = time.monotonic(), tmp_path / "lock"
    with held_lock(file, now, busy), pytest.raises(ComfyError), held_lock(file, now, busy):
        pass
    with held_lock(tmp_path / "lock", time.monotonic(), busy):
        pass


def test_a_child_is_given_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_S3_SECRET_KEY", "canary")
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary")
    assert "canary" not in environment().values()


def test_a_process_is_known_by_its_beginning() -> None:
    own = started_at(os.getpid())
    assert own is not None
    assert not has_ended(os.getpid(), own)
    assert has_ended(os.getpid(), "another moment")
    assert started_at(2**22 + 1) is None


def test_an_engine_that_was_killed_comes_back_where_it_was(tmp_path):
    engine = EngineProcess(tmp_path)
    first = engine.start(free_port(), within_s=60.0)  # which nobody else gets meanwhile
    os.kill(first.pid, signal.SIGKILL)
    try:
        again = engine.start(within_s=60.0)
        assert (again.url, again.started) == (first.url, True)
        assert again.pid != first.pid
    finally:
        engine.stop()
