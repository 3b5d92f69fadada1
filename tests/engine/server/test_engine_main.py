"""The engine as a program: its flags, its words, its end."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from darkroom.engine.__main__ import main
from tests.fakes.engine_graphs import plain
from tests.fakes.until import until


@contextmanager
def _started(tmp_path: Path) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "darkroom.engine", "--state", str(tmp_path / "files")]
    command += ["--announce", str(tmp_path / "address.json"), "--instance", "me"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:-1] == ["darkroom", "engine", "listening", "on"]
            yield process, words[-1]
        finally:
            process.kill()


def test_it_says_where_it_listens_and_ends_cleanly_when_told(tmp_path: Path) -> None:
    with _started(tmp_path) as (process, url):
        said = json.loads((tmp_path / "address.json").read_text())
        assert (said["url"], said["instance"]) == (url, "me")
        stats = requests.get(f"{url}/system_stats", timeout=60).json()
        assert stats["system"]["darkroom"]["instance"] == "me"
        answer = requests.post(f"{url}/prompt", json={"prompt": plain()}, timeout=60)
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_queue_and_history_are_lost_with_the_process_but_files_stay(tmp_path: Path) -> None:
    with _started(tmp_path) as (_process, url):
        sent = requests.post(f"{url}/prompt", json={"prompt": plain()}, timeout=60).json()
        path = tmp_path / "files" / "output" / "triv_00001_.png"
        until(path.exists)
    with _started(tmp_path) as (_process, url):
        assert requests.get(f"{url}/history/{sent['prompt_id']}", timeout=60).json() == {}
        assert requests.get(f"{url}/api/jobs/{sent['prompt_id']}", timeout=60).status_code == 404
        assert requests.get(f"{url}/view?filename={path.name}", timeout=60).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_it_listens_beyond_this_machine_only_when_told_plainly(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--state", str(tmp_path), "--host", host])
    assert "--expose" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--state", str(tmp_path), "--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err
