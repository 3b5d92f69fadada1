"""Servers on the terms of darkroom.yaml, and those that come back after the beginning."""

from contextlib import ExitStack

import pytest

from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import open_lab
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import ComfyUnreachable
from darkroom.writepath.fleet_opening import (
    back_again,
    opened_hosts,
    opened_servers,
    terms_alone,
    terms_of,
    usual_terms,
)
from darkroom.writepath.fleet_terms import HostTerms
from tests.fakes.comfy_server import Fault
from tests.fakes.several_servers import running_servers

HOSTS = """
hosts:
  big: {url: "http://127.0.0.1:9", models: ["sdxl/*"], stall_s: 60, max_queue: 1, wait_s: 7}
  small: {url: "http://127.0.0.1:10"}
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "darkroom.yaml").write_text(HOSTS)
    return open_lab()


def timings(lab, *names, **more):
    with ExitStack() as stack:
        hosts = opened_hosts(lab, [Comfy(host=name, **more) for name in names], stack)
        return {name: client._transport.timing for name, client in hosts.items()}


def test_the_file_gives_the_terms_of_each_server(lab):
    assert terms_of(lab) == {"big": HostTerms(("sdxl/*",), 1, 7.0), "small": HostTerms()}
    found = timings(lab, "big", "small", timeout_s=50)
    assert (found["big"].stall_s, found["small"].stall_s) == (60, 300)
    assert found["small"].longest_s == 50


def test_a_job_is_soon_taken_from_a_silent_server_which_is_waited_for_without_it(lab):
    assert timings(lab, "big", "small")["big"].outage_s == timings(lab, "big")["big"].outage_s == 20
    terms = usual_terms(lab)
    assert [terms_alone(terms, name).patience.wait_s for name in ("big", "small")] == [7, 180]


def test_one_that_is_away_is_named_and_may_be_asked_again(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    with running_servers("studio", "attic") as servers, ExitStack() as stack:
        servers.write(tmp_path)
        servers.cut_off("attic")
        lab = open_lab()
        found = opened_servers(lab, [Comfy(host="studio"), Comfy(host="attic")], stack)
        assert (list(found.hosts), list(found.absent)) == (["studio"], ["attic"])
        assert not back_again(found.absent).hosts
        servers.comes_back("attic")
        again = back_again(found.absent)
        assert list(again.hosts) == list(again.receipts) == list(again.catalogues) == ["attic"]
        servers.cut_off("studio")
        servers.cut_off("attic")
        with pytest.raises(ComfyUnreachable):
            opened_servers(lab, [Comfy(host="studio"), Comfy(host="attic")], stack)


def test_of_servers_that_all_fail_the_one_that_may_come_back_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    with running_servers("studio", "attic") as servers, ExitStack() as stack:
        servers.write(tmp_path)
        servers.comfy["studio"].fail("GET /system_stats", *[Fault(403)] * 9)
        servers.cut_off("attic")
        with pytest.raises(ComfyUnreachable) as caught:
            opened_servers(open_lab(), [Comfy(host="studio"), Comfy(host="attic")], stack)
        assert caught.value.code == "comfy-unreachable"


def test_a_drain_of_a_person_reaches_a_fleet_that_works(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    with running_servers("studio") as servers, ExitStack() as stack:
        servers.write(tmp_path)
        lab = open_lab()
        terms = opened_servers(lab, [Comfy(host="studio")], stack).terms
        assert not terms.is_drained("studio")
        Drains(lab).drain("studio")
        assert terms.is_drained("studio")
