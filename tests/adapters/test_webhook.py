"""A message to an address of the operator's: where it may go, and how patiently it is sent."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from darkroom.adapters import webhook
from darkroom.adapters.webhook import Webhook, post
from darkroom.core.errors import DarkroomError, OutsideError, UsageError
from tests.fakes.s3_servers import free_port
from tests.fakes.webhook_receiver import Receiver, webhook_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as made:
        yield made


def hook(url: str, **more: Any) -> Webhook:
    told: dict[str, Any] = {"timeout_s": 60.0, "allow_private": True} | more
    return Webhook(SecretStr(url), **told)


def test_a_message_arrives_with_its_headers(receiver: Receiver) -> None:
    post(hook(f"{receiver.url}?key=1"), b"{}", {"X-One": "1"})
    assert (receiver.bodies, receiver.paths) == ([b"{}"], ["/hook?key=1"])
    assert receiver.headers[0]["X-One"] == "1"
    assert receiver.headers[0]["Content-Type"] == "application/json"


def test_a_server_in_trouble_is_tried_again_after_growing_pauses(receiver: Receiver) -> None:
    receiver.statuses = [503, 429]
    slept: list[float] = []
    post(hook(receiver.url), b"{}", {}, slept.append)
    assert (len(receiver.bodies), slept) == (3, [1.0, 4.0])


def test_the_tries_are_bounded(receiver: Receiver) -> None:
    receiver.statuses = [500] * 9
    with pytest.raises(OutsideError, match="status 500, 2 times") as caught:
        post(hook(receiver.url, retries=1), b"{}", {}, lambda _: None)
    assert (caught.value.code, len(receiver.bodies)) == ("notify-failed", 2)


@pytest.mark.parametrize("status", [301, 307, 400, 404])
def test_a_refusal_is_final_and_nothing_is_followed(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    with pytest.raises(OutsideError, match=f"status {status}") as caught:
        post(hook(receiver.url), b"{}", {}, lambda _: None)
    assert (caught.value.code, receiver.paths) == ("notify-refused", ["/hook"])


def test_nobody_there_is_a_failure_that_does_not_name_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}/key-in-path"
    with pytest.raises(OutsideError, match="1 times") as caught:
        post(hook(url, retries=0), b"{}", {})
    assert "key-in-path" not in str(caught.value)


def test_a_server_that_says_nothing_costs_no_more_than_was_allowed() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(OutsideError, match="ReadTimeoutError"):
            post(hook(url, retries=0, timeout_s=0.05), b"{}", {})


def test_a_name_nobody_knows_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OutsideError, match="gaierror"):
        post(hook("http://nowhere.test/", retries=0), b"{}", {})


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x/", "file:///etc/passwd", "http://me:pw@x/", "http://[", "http://x:99999/", "x"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        post(hook(url), b"{}", {})
    assert caught.value.code == "notify-address"


PRIVATE = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1"]
NEVER = ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:169.254.169.254"]
DISGUISED = ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]


def leads_to(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> None:
    found = [(0, 0, 0, "", (number, 80)) for number in numbers]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(webhook, "_pool", lambda *_: pytest.fail("it was spoken to"))


@pytest.mark.parametrize("number", [*PRIVATE, *NEVER, *DISGUISED])
def test_this_machine_and_private_networks_are_not_told_unless_allowed(
    monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    leads_to(monkeypatch, "93.184.215.14", number)
    with pytest.raises(UsageError) as caught:
        post(hook("http://innocent.test/", allow_private=False), b"{}", {})
    assert caught.value.code == "notify-address"


@pytest.mark.parametrize("number", NEVER)
def test_metadata_services_are_never_told(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    leads_to(monkeypatch, number)
    with pytest.raises(UsageError):
        post(hook("http://innocent.test/"), b"{}", {})


def test_tls_is_spoken_to_the_number_and_proved_for_the_name() -> None:
    with webhook_receiver() as plain:
        url = plain.url.replace("http://", "https://")
        with pytest.raises(DarkroomError, match="SSLError"):
            post(hook(url, retries=0), b"{}", {})
        assert plain.bodies == []
