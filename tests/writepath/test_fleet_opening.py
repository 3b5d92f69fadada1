import pytest

from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import open_lab
from darkroom.core.errors import UsageError
from darkroom.core.fleet.budget import Budget
from darkroom.writepath.fleet_opening import fleet_names, opened_fleet
from darkroom.writepath.fleet_terms import HostTerms

HOSTS = """
hosts:
  big: {url: "http://127.0.0.1:9", models: ["sdxl/*"], stall_s: 60, max_queue: 1}
  small: {url: "http://127.0.0.1:10"}
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "darkroom.yaml").write_text(HOSTS)
    return open_lab()


def timing_of(fleet, name):
    return fleet.hosts[name]._transport.timing


def test_all_servers_are_meant_unless_some_are_named(lab, tmp_path):
    assert fleet_names(lab) == ("big", "small")
    assert fleet_names(lab, ["embedded", "small"]) == ("small", "embedded")
    with pytest.raises(UsageError, match="no server is called 'tiny': big, small, embedded"):
        fleet_names(lab, ["small", "tiny"])
    (tmp_path / "darkroom.yaml").write_text("")
    assert fleet_names(open_lab()) == ("embedded",)


def test_the_file_gives_the_terms_of_each_server(lab):
    with opened_fleet(lab, budget=Budget(images=3), timeout_s=50) as fleet:
        assert fleet.terms.hosts["big"] == HostTerms(("sdxl/*",), places=1)
        assert fleet.terms.hosts["small"] == HostTerms()
        assert fleet.terms.budget == Budget(images=3)
        assert timing_of(fleet, "big").stall_s == 60
        assert timing_of(fleet, "small").stall_s == 300
        assert timing_of(fleet, "small").longest_s == 50


def test_with_others_at_hand_a_silent_server_is_given_less_time(lab):
    with opened_fleet(lab) as fleet, opened_fleet(lab, ["big"]) as one:
        assert timing_of(fleet, "big").outage_s < timing_of(one, "big").outage_s


def test_a_drain_of_a_person_reaches_a_fleet_that_works(lab):
    with opened_fleet(lab) as fleet:
        assert not fleet.terms.is_drained("big")
        Drains(lab).drain("big")
        assert fleet.terms.is_drained("big")
        Drains(lab).resume("big")
        assert not fleet.terms.is_drained("big")
