"""One server has one name, however it is told: by it limits, drains and promises are kept."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from darkroom.adapters.chosen_hosts import servers_of
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import UsageError
from darkroom.generating.request import Request
from darkroom.generating.sources import sources_of
from darkroom.writepath.opening import Hosts
from tasks.gpu_slot import limit_of

HOSTS = """
hosts:
  studio: {url: "http://127.0.0.1:18188/"}
  attic: {url: "http://attic:8188"}
  remote: {url: "https://gpu.example.org/comfy"}
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "darkroom.yaml").write_text(HOSTS)
    return open_lab()


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (Comfy(host="localhost", port=18188), "studio"),
        (Comfy(host="127.0.0.1", port=18188), "studio"),
        (Comfy(host="ATTIC"), "attic"),
        (Comfy(host="studio", port=9), "studio"),
        (Comfy(host="127.0.0.1"), "127.0.0.1"),
        (Comfy(host="elsewhere", port=9), "elsewhere-9"),
    ],
)
def test_a_server_that_is_told_by_its_address_draws_under_its_name(
    lab: Lab, told: Comfy, name: str
) -> None:
    with renderer_of(lab, told) as client:
        assert (client.name, limit_of(client.name)) == (name, f"gpu:{name}")


def test_a_name_and_its_address_are_one_server_and_no_fleet(lab: Lab) -> None:
    told = Comfy(host="localhost,studio", port=18188)
    assert [each.host for each in servers_of(lab, told)] == ["studio"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("http://localhost:18188", ["studio"]),
        ("127.0.0.1:18188,studio", ["studio"]),
        ("https://GPU.example.org:443/comfy/", ["remote"]),
        ("http://attic:8188,http://127.0.0.1:8199", ["attic", "127.0.0.1"]),
    ],
)
def test_a_command_may_name_servers_by_their_addresses(
    lab: Lab, text: str, names: list[str]
) -> None:
    found = sources_of(lab, Request(prompt="a cat", host=text)).servers
    assert [each.host for each in found] == names


def test_another_address_than_host_and_port_has_to_be_given_a_name(lab: Lab) -> None:
    with pytest.raises(UsageError, match="only http://host:port"):
        sources_of(lab, Request(prompt="a cat", host="https://gpu.example.org/other"))


def test_promises_made_under_an_address_are_still_seen_through(lab: Lab) -> None:
    with ExitStack() as stack:
        hosts = Hosts(lab, (Comfy(host="localhost", port=18188),), stack)
        assert hosts["localhost-18188"].name == hosts["studio"].name == "studio"
        assert set(hosts) == {"localhost-18188", "studio", "attic", "remote", "embedded"}
