"""What `darkroom doctor` says of a Prefect server, which is scripted here and real elsewhere."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from darkroom.adapters.doctor import Check, examine, scheduler
from darkroom.adapters.doctor.scheduler import scheduler_checks
from tests.fakes.s3_servers import free_port

IN_FILES = "prefect.server.concurrency.lease_storage.filesystem"
IN_MEMORY = "prefect.server.concurrency.lease_storage.memory"


def kept(where: str) -> bytes:
    return json.dumps({"server": {"concurrency": {"lease_storage": where}}, "more": 1}).encode()


class Scripted(HTTPServer):
    """Answers one route, to whoever is signed."""

    said = kept(IN_FILES)
    status = 200
    signed_by: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        status = self.server.status if self.path == "/api/admin/settings" else 404
        if who := self.server.signed_by:
            marked = base64.b64encode(who.encode()).decode()
            status = status if self.headers.get("Authorization") == f"Basic {marked}" else 401
        self.send_response(status)
        self.send_header("Content-Length", str(len(self.server.said)))
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is slow to answer, on a machine that stands still, is not away."""
    monkeypatch.setattr(scheduler, "_TIMEOUT_S", (60.0, 60.0))


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def found(server: Scripted, **more: str) -> Check:
    (check,) = scheduler_checks({"PREFECT_API_URL": server.url, **more})
    return check


def test_where_no_server_is_named_none_is_asked() -> None:
    assert list(scheduler_checks({})) == []


def test_leases_that_a_restart_would_lose_are_warned_of(server: Scripted) -> None:
    server.said = kept(IN_MEMORY)
    check = found(server)
    assert (check.status, check.name) == ("warning", "prefect server")
    assert "in memory" in check.said
    assert IN_FILES in check.remedy


@pytest.mark.parametrize("where", [IN_FILES, "prefect_redis.lease_storage"])
def test_leases_that_are_kept_are_well(server: Scripted, where: str) -> None:
    server.said = kept(where)
    assert found(server).status == "ok"


def test_the_password_is_used_and_a_wrong_one_is_said(server: Scripted) -> None:
    server.signed_by = "darkroom:a:b"
    assert found(server, PREFECT_API_AUTH_STRING="darkroom:a:b").status == "ok"
    check = found(server, PREFECT_API_AUTH_STRING="darkroom:canary")
    assert (check.status, "401" in check.said) == ("warning", True)
    assert "canary" not in f"{check}"


@pytest.mark.parametrize("said", [b"<html>", b"{}", b"[]", kept("x" * 300)])
def test_what_is_no_such_server_is_said(server: Scripted, said: bytes) -> None:
    server.said = said
    check = found(server)
    assert (check.status, "does not say" in check.said) == ("warning", True)


def test_a_server_that_is_away_is_said_without_the_password_in_its_address() -> None:
    url = f"http://me:canary@127.0.0.1:{free_port()}/api"
    (check,) = scheduler_checks({"PREFECT_API_URL": url})
    assert (check.status, "does not answer" in check.said) == ("warning", True)
    assert "canary" not in f"{check}"


def test_the_whole_examination_asks_the_server_that_the_environment_names(
    server: Scripted, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    server.said = kept(IN_MEMORY)
    assert [each.status for each in examine() if each.name == "prefect server"] == ["warning"]
