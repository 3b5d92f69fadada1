"""`darkroom hosts` and `darkroom costs` as a person types them."""

import json

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.apps.cli import main
from darkroom.core.jobs import Lost
from darkroom.writepath.fleet import Order, draw_fleet
from darkroom.writepath.opening import opened_desk
from tests.fakes.comfy_server import running_server
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.scenes import a_job


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "projects").mkdir()
    return tmp_path


def said(capsys, *words, code=0):
    assert main([*words]) == code
    return capsys.readouterr()


def data(capsys, *words):
    return json.loads(said(capsys, *words, "--json").out)


def test_hosts_tells_what_each_server_says_and_which_is_away(home, capsys):
    with running_server() as (comfy, url):
        takes = {"required": {"ckpt_name": [["a.safetensors"], {}]}}
        comfy.catalogue = {"CheckpointLoaderSimple": {"input": takes}}
        (home / "darkroom.yaml").write_text(
            f"hosts:\n  big: {{url: '{url}', models: ['a*']}}\n"
            "  gone: {url: 'http://127.0.0.1:9', drain: true}\n"
        )
        big, gone, embedded = data(capsys, "hosts")
        table = said(capsys, "hosts").out
    assert (big["name"], big["health"], big["version"]) == ("big", "ready", "0.33.0")
    assert (big["models"], big["may_draw"]) == (["a.safetensors"], ["a*"])
    assert (big["vram_free_bytes"], big["running"], big["pending"]) == (4, 0, 0)
    assert (gone["health"], gone["is_drained"]) == ("away", True)
    assert gone["said"]
    assert (embedded["name"], embedded["health"]) == ("embedded", "not running")
    assert "away, drained" in table


def test_a_drained_server_is_shown_so_until_it_is_resumed(home, capsys):
    with running_server() as (comfy, url):
        (home / "darkroom.yaml").write_text(f"hosts: {{big: {{url: '{url}'}}}}\n")
        assert "resume big" in said(capsys, "hosts", "drain", "big").out
        assert data(capsys, "hosts")[0]["health"] == "drained"
        said(capsys, "hosts", "resume", "big")
        assert data(capsys, "hosts")[0]["health"] == "ready"
        comfy.is_worker_dead = True
        comfy.queue_prompt({"prompt_id": "x", "prompt": {}})
        assert data(capsys, "hosts")[0]["health"] == "worker looks dead"


def test_a_name_that_is_not_configured_and_a_drain_in_the_file_are_told(home, capsys):
    assert "no server is called 'nobody'" in said(capsys, "hosts", "drain", "nobody", code=2).err
    (home / "darkroom.yaml").write_text("hosts: {big: {url: 'http://h:1', drain: true}}\n")
    assert "drain: true" in said(capsys, "hosts", "resume", "big", code=2).err


class Forgetful(FakeRenderer):
    def wait(self, prompt_id, on_progress=None):
        self.restart()
        return Lost()


def test_poison_is_listed_and_released(home, capsys):
    (home / "projects" / "demo" / "config").mkdir(parents=True)
    with opened_desk(open_lab()) as desk:
        order = Order(None, lambda _receipt: a_job(1))
        draw_fleet([order], desk, {"a": Forgetful(home / "server", "a")})
    key = a_job(1).key
    assert [held["job_key"] for held in data(capsys, "hosts", "poison")] == [key]
    assert key[:12] in said(capsys, "hosts", "poison", "--project", "demo").out
    assert data(capsys, "hosts", "poison", "--release", key[:8])["event"] == "released"
    assert data(capsys, "hosts", "poison") == []
    assert said(capsys, "hosts", "poison", "--release", key[:8], code=2)


def test_costs_of_nothing_are_nothing(home, capsys):
    (line,) = data(capsys, "costs")
    assert line["spent"]["images"] == 0
    assert "per accepted" in said(capsys, "costs").out
