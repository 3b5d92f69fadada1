"""Images come whole or not at all, and only whole ones are sent."""

import hashlib
from collections.abc import Callable
from typing import Any, Literal

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.errors import ComfyError, ComfyUnreachable, ImageRefused, JobFailed, JobLost
from darkroom.core.jobs import OutputFile
from tests.fakes.comfy_server import ComfyServer, Fault, png
from tests.fakes.image_files import jpeg

Connect = Callable[..., ComfyClient]
Kind = Literal["output", "temp", "input"]


def stored(
    comfy: ComfyServer, data: bytes, kind: Kind = "output", subfolder: str = ""
) -> OutputFile:
    comfy.files[kind, subfolder, "a.png"] = data
    return OutputFile("9", "a.png", subfolder, kind)


@pytest.mark.parametrize("kind", ["output", "temp"])
@pytest.mark.parametrize("subfolder", ["", "deep/er"])
def test_an_image_of_any_node_is_fetched(
    client: ComfyClient, comfy: ComfyServer, kind: Kind, subfolder: str
) -> None:
    data = png()
    assert client.fetch(stored(comfy, data, kind, subfolder)) == data


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cuts_at=40),
        Fault(200, png()[:-20], "image/png"),
        Fault(200, b"<html>proxy</html>", "text/html"),
        Fault(200, b"not an image", "image/png"),
        Fault(drops=True),
        Fault(503, b""),
    ],
)
def test_a_damaged_download_is_fetched_again(
    client: ComfyClient, comfy: ComfyServer, fault: Fault
) -> None:
    data = png()
    comfy.fail("GET /view", fault, fault)
    assert client.fetch(stored(comfy, data)) == data


def test_an_image_that_stays_damaged_is_a_failure_after_three_downloads(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    with pytest.raises(JobFailed) as caught:
        client.fetch(stored(comfy, png()[:-30]))
    assert caught.value.code == "output-damaged"
    assert comfy.count("GET /view") == 3


def test_an_image_that_never_arrives_is_no_damage(client: ComfyClient, comfy: ComfyServer) -> None:
    comfy.fail("GET /view", *[Fault(drops=True)] * 3)
    with pytest.raises(ComfyUnreachable):
        client.fetch(stored(comfy, png()))


def test_a_cached_result_whose_file_is_gone_is_lost(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    with pytest.raises(JobLost) as caught:
        client.fetch(OutputFile("9", "old.png", "", "output"))
    assert caught.value.code == "output-gone"
    assert comfy.count("GET /view") == 1


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_file_the_server_will_not_show_is_an_error(
    client: ComfyClient, comfy: ComfyServer, status: int
) -> None:
    comfy.fail("GET /view", Fault(status, b""))
    with pytest.raises(ComfyError):
        client.fetch(stored(comfy, png()))


def test_another_check_of_downloads_can_be_given(connect: Connect, comfy: ComfyServer) -> None:
    seen: list[bytes] = []
    connect(verify=seen.append).fetch(stored(comfy, b"anything"))
    assert seen == [b"anything"]


def test_an_upload_is_named_by_its_content(client: ComfyClient, comfy: ComfyServer) -> None:
    data = png()
    name = f"{hashlib.sha256(data).hexdigest()}.png"
    assert client.upload(data, "été 图.png") == name
    assert comfy.files["input", "", name] == data


def test_a_jpeg_keeps_its_kind(client: ComfyClient) -> None:
    assert client.upload(jpeg(), "x.png").endswith(".jpg")


def test_the_name_the_server_gives_is_the_one_to_use(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    data = png()
    name = hashlib.sha256(data).hexdigest()
    comfy.files["input", "", f"{name}.png"] = b"half of it, from an upload that broke"
    assert client.upload(data, "x.png") == f"{name} (1).png"


def test_a_subfolder_is_part_of_the_name(client: ComfyClient, comfy: ComfyServer) -> None:
    answer = b'{"name": "u.png", "subfolder": "p/r", "type": "input"}'
    comfy.fail("POST /upload", Fault(200, answer, "application/json"))
    assert client.upload(png(), "x.png") == "p/r/u.png"


@pytest.mark.parametrize("data", [b"", b"text", png()[:-25]])
def test_half_an_image_is_never_sent(client: ComfyClient, comfy: ComfyServer, data: bytes) -> None:
    with pytest.raises(ImageRefused):
        client.upload(data, "x.png")
    assert comfy.calls == []


def test_an_image_above_the_servers_limit_is_not_sent(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    comfy.features = {"max_upload_size": 100}
    with pytest.raises(ImageRefused) as caught:
        client.upload(png(), "x.png")
    assert "100 bytes" in caught.value.message
    assert comfy.count("POST") == 0


def test_413_is_final(client: ComfyClient, comfy: ComfyServer) -> None:
    comfy.fail("POST /upload", Fault(413, b"Maximum request body size 1 exceeded."))
    with pytest.raises(ImageRefused) as caught:
        client.upload(png(), "x.png")
    assert caught.value.code == "upload-too-large"
    assert comfy.count("POST") == 1


def test_a_server_without_features_is_given_the_usual_limit(
    client: ComfyClient, comfy: ComfyServer
) -> None:
    comfy.fail("GET /features", Fault(404, b""))
    assert client.upload(png(), "x.png")


@pytest.mark.parametrize(
    "fault", [Fault(), Fault(200, b"{}", "application/json"), Fault(400, b""), Fault(drops=True)]
)
def test_a_failed_upload_says_which_image(
    client: ComfyClient, comfy: ComfyServer, fault: Fault
) -> None:
    comfy.fail("POST /upload", fault)
    with pytest.raises(ComfyError, match=r"while sending chair\.png"):
        client.upload(png(), "chair.png")


def test_nothing_deletes_the_history(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    assert prompt_id in comfy.history
    assert "GET /history" not in comfy.calls  # never the whole of it
