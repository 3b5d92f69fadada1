"""`darkroom worker`: refuses with a remedy, and takes nothing before all is there."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL, temporary_settings

from darkroom.adapters.processes import started_at
from darkroom.adapters.settings import open_lab
from darkroom.adapters.supervision import Process
from darkroom.core.errors import DarkroomError
from flows.environment import WHOLE_LABORATORY
from flows.laboratory import POOL
from flows.set_up import make_pool
from flows.working import make_ready, prepare
from tasks.gpu_slot import limit_of
from tests.fakes.s3_servers import free_port

BIN = Path(sys.executable).parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def client(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
    with get_client(sync_client=True) as made:
        yield made


def refused(act: Callable[[], object]) -> DarkroomError:
    with pytest.raises(DarkroomError) as caught:
        act()
    return caught.value


def test_a_worker_of_no_server_is_refused(home: Path) -> None:
    assert refused(lambda: prepare(open_lab(), {})).code == "worker-without-server"


def test_what_a_person_set_stays_and_the_worker_is_one_of_several(home: Path) -> None:
    told = {"PREFECT_API_URL": "http://a/api", "PREFECT_WORKER_QUERY_SECONDS": "10"}
    prepare(open_lab(), told | {WHOLE_LABORATORY: "1"})
    known = told | {WHOLE_LABORATORY: "1"}
    prepare(open_lab(), known)
    assert known["PREFECT_WORKER_QUERY_SECONDS"] == "10"
    assert known["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] == "true"
    assert known["DARKROOM_HOME"] == str(home)
    assert known["PREFECT_HOME"].startswith(str(home))
    assert WHOLE_LABORATORY not in known


def test_a_server_that_is_away_is_said_without_the_password_in_its_address(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PREFECT_API_URL", f"http://me:canary@127.0.0.1:{port}/api")
    error = refused(lambda: make_ready(open_lab()))
    assert (error.code, error.where) == ("worker-server-away", f"http://127.0.0.1:{port}/api")
    assert "canary" not in f"{error} {error.message}"


@pytest.fixture
def refusing() -> Iterator[tuple[str, type[BaseHTTPRequestHandler]]]:
    """A server that answers everything with one status."""

    class Handler(BaseHTTPRequestHandler):
        status = 401

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(401, "worker-refused"), (418, "worker-server-away")])
def test_a_server_that_will_not_have_us_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusing: tuple[str, type[BaseHTTPRequestHandler]],
    status: int,
    code: str,
) -> None:
    url, handler = refusing
    monkeypatch.setattr(handler, "status", status)
    monkeypatch.setenv("PREFECT_API_URL", url)
    with temporary_settings({PREFECT_API_URL: url}):
        assert refused(lambda: make_ready(open_lab())).code == code


def test_a_server_without_our_pool_is_said(
    home: Path, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.working.POOL", "nobody-made-it")
    assert refused(lambda: make_ready(open_lab())).code == "worker-not-set-up"


def test_the_limit_of_this_machines_engine_is_registered(
    home: Path, client: SyncPrefectClient
) -> None:
    make_pool(client)
    make_ready(open_lab())
    assert client.read_global_concurrency_limit_by_name(limit_of("embedded")).limit == 1


@pytest.mark.slow
def test_it_becomes_the_worker_of_that_name_and_ends_when_told_so_at_once(
    home: Path, client: SyncPrefectClient
) -> None:
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    command = [str(BIN / "darkroom"), "worker", "--name", "of-this-test"]
    with subprocess.Popen(
        command, env=dict(os.environ), cwd=home, stdout=-1, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert any("started" in line for line in process.stdout)
            worker = Process(process.pid, started_at(process.pid) or "")
            process.terminate()  # once: a second one would kill it and leave its runs
            assert process.wait(60) == 0
            assert worker.group == []
        finally:
            process.kill()
            process.stdout.read()
    assert [each.name for each in client.read_workers_for_work_pool(POOL)] == ["of-this-test"]
