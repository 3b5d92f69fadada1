"""What a server says of itself, and what stands at an address that is none."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.errors import ComfyError, ComfyUnreachable, WorkflowError
from tests.fakes.comfy_server import ComfyServer, Fault, hold
from tests.fakes.fast_timing import FAST
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.until import until

Connect = Callable[..., ComfyClient]


def test_the_receipt_holds_version_and_device_and_the_configured_name(
    client: ComfyClient, comfy: ComfyServer, recorded: Callable[[str], Any]
) -> None:
    comfy.stats = recorded("server")["system_stats"]
    receipt = client.receipt()
    assert (receipt.kind, receipt.version, receipt.host) == ("comfyui", "0.33.0", "studio")
    assert (receipt.device, receipt.python, receipt.torch) == ("cpu", "3.11.7", "2.15.0+cu132")


def test_a_server_of_ours_that_died_is_started_when_it_is_asked_what_it_is(
    served: tuple[ComfyServer, str],
) -> None:
    port = int(served[1].rpartition(":")[2])
    with FaultProxy(port) as proxy:
        proxy.faults.refuse = True

        def revive() -> None:
            proxy.faults.refuse = False

        with ComfyClient("own", proxy.url, FAST, revive=revive) as client:
            assert client.receipt().host == "own"
            proxy.faults.refuse = True
            proxy.hang_up()
            with pytest.raises(ComfyUnreachable):  # only this question starts it
                client.health()
        with ComfyClient("other", proxy.url, FAST) as client, pytest.raises(ComfyUnreachable):
            client.receipt()


def test_health_tells_free_memory_and_how_busy_it_is(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    comfy.is_worker_dead = True
    client.submit(graph, prompt_id)
    health = client.health()
    assert (health.vram_free_bytes, health.running, health.pending) == (4, 0, 1)
    assert health.looks_dead


@pytest.mark.parametrize(
    "answer",
    [b"{}", b"[]", b'{"system": {"os": "linux"}}', b"<html>", b"\xff\xfe", b"[" * 100_000],
)
def test_something_else_at_the_address_is_recognised(
    client: ComfyClient, comfy: ComfyServer, answer: bytes
) -> None:
    comfy.fail("GET /system_stats", Fault(200, answer, "application/json"))
    with pytest.raises(ComfyError) as caught:
        client.receipt()
    assert caught.value.code == "comfy-answer"


def test_a_server_that_starts_is_waited_for(client: ComfyClient, comfy: ComfyServer) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 3)
    client.await_up(60.0)
    assert comfy.count("GET /system_stats") == 4


def test_a_server_that_does_not_start_is_not_waited_for_for_ever(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    comfy.fail("GET /system_stats", *[Fault(drops=True)] * 99)
    with pytest.raises(ComfyUnreachable):
        client.await_up(0.05)


def test_the_catalogue_is_asked_once_until_it_is_forgotten(
    client: ComfyClient, comfy: ComfyServer, recorded: Callable[[str], Any]
) -> None:
    comfy.catalogue = recorded("server")["KSampler"]
    assert "KSampler" in client.object_info()
    client.object_info()
    assert comfy.count("GET /object_info") == 1
    client.forget_object_info()
    client.object_info()
    assert comfy.count("GET /object_info") == 2


def test_a_catalogue_that_is_none_is_refused(client: ComfyClient, comfy: ComfyServer) -> None:
    comfy.fail("GET /object_info", Fault(200, b'{"a": 1}', "application/json"))
    with pytest.raises(WorkflowError):
        client.object_info()


def test_a_prefix_before_the_routes_is_kept(
    connect: Connect, graph: dict[str, Any], prompt_id: str, comfy: ComfyServer
) -> None:
    client = connect(prefix="/studio/one/")
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    assert comfy.count("POST /studio/one/prompt") == 1


def test_credentials_of_the_address_are_sent_and_never_shown(
    served: tuple[ComfyServer, str], graph: dict[str, Any], prompt_id: str
) -> None:
    comfy, url = served
    with ComfyClient("studio", url.replace("//", "//ann:s%20cret@"), FAST) as client:
        client.submit(graph, prompt_id)
        client.wait(prompt_id)
        comfy.fail("GET /system_stats", Fault(401, b""))
        with pytest.raises(ComfyError) as caught:
            client.receipt()
    assert "auth Basic YW5uOnMgY3JldA==" in comfy.calls
    shown = f"{caught.value.as_dict()} {caught.value.__cause__!r} {client.where}"
    assert "cret" not in shown
    assert "ann" not in shown


def test_several_threads_may_use_one_client(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    found: list[object] = []

    def one(digit: int) -> None:
        own = f"{prompt_id[:-1]}{digit}"
        client.submit(graph, own)
        found.append(type(client.wait(own)).__name__)

    threads = [threading.Thread(target=one, args=[digit]) for digit in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["Done"] * 4


def test_the_first_word_on_a_socket_asks_for_previews_with_their_facts(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    comfy.work = hold
    client.submit(graph, prompt_id)
    (peer,) = comfy.sockets.all
    until(lambda: peer.received)
    assert json.loads(peer.received[0])["type"] == "feature_flags"
    client.cancel(prompt_id)


def test_no_origin_is_sent_that_a_server_on_loopback_could_refuse(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    assert comfy.origins == [None]


def test_a_proxy_of_the_environment_does_not_stand_before_the_own_network(
    client: ComfyClient,
    comfy: ComfyServer,
    graph: dict[str, Any],
    prompt_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    assert comfy.count("GET /ws") == 1


def test_the_list_of_jobs_is_never_asked_for(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    """One prompt of anybody with a null workflow makes that list a 500."""
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    client.health()
    assert comfy.count("GET /api/jobs") == 0
