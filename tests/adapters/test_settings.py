"""darkroom.yaml of the user and of the home folder, secrets, and where paths lead."""

from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab, read_lab, shown
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.aivis import Judge
from darkroom.core.config.tree import origin_of
from darkroom.core.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "work"
    home.mkdir()
    return home


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(tmp_path / "user"), **more}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_without_any_file_everything_lies_under_the_current_folder(home: Path) -> None:
    lab = open_lab(environ={}, cwd=home)
    assert lab.projects == lab.store_root == home / "projects"
    assert lab.warehouse == home / ".darkroom" / "warehouse.duckdb"
    assert lab.spool == home / ".darkroom" / "spool"
    assert lab.config.store.kind == "folder"


def test_the_repositorys_file_lies_over_the_users(home: Path, tmp_path: Path) -> None:
    write(
        tmp_path / "user/.config/darkroom/darkroom.yaml",
        "hosts:\n  big: {url: http://10.0.0.1:8188}\nstore: {root: mine}\n",
    )
    write(home / "darkroom.yaml", "store:\n  root: ours\nhosts: {small: {url: http://s}}\n")
    lab = open_lab(environ=environ(tmp_path), cwd=home)
    assert set(lab.config.hosts) == {"big", "small"}
    assert lab.store_root == home / "ours"
    assert str(origin_of(lab.tree, ("store", "root"))) == "darkroom.yaml:2"


def test_xdg_names_the_users_folder_only_when_absolute(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "xdg/darkroom/darkroom.yaml", "projects: x\n")
    given = environ(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "xdg"))
    assert open_lab(environ=given, cwd=home).config.projects == "x"
    assert open_lab(environ=given | {"XDG_CONFIG_HOME": "xdg"}, cwd=home).config.projects != "x"


def test_a_variable_names_another_home(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "other/darkroom.yaml", "projects: mine\n")
    lab = open_lab(environ={"DARKROOM_HOME": str(tmp_path / "other")}, cwd=home)
    assert lab.projects == tmp_path / "other" / "mine"
    assert open_lab(environ={"DARKROOM_HOME": "sub"}, cwd=home).projects == home / "sub/projects"


def test_paths_may_start_at_the_users_home_or_the_root(home: Path) -> None:
    lab = open_lab(environ={}, cwd=home)
    assert lab.path("~/x") == Path.home() / "x"
    assert lab.path("/data") == Path("/data")


def test_flags_win_over_files(home: Path) -> None:
    write(home / "darkroom.yaml", "store: {root: ours}\n")
    lab = open_lab(["store.root=flag"], environ={}, cwd=home)
    assert lab.store_root == home / "flag"
    assert str(origin_of(lab.tree, ("store", "root"))) == "--set"


def test_every_mistake_of_every_source_is_told_at_once(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "user/.config/darkroom/darkroom.yaml", "spool: {max_byte: 1}\n")
    write(home / "darkroom.yaml", "store:\n  kind: s3\n  region: 012\nstorez: 1\n")
    write(home / ".env", "not a line\n")
    with pytest.raises(ConfigError) as caught:
        open_lab(["parameters.cgf=5", "store.public_read=[1"], environ=environ(tmp_path), cwd=home)
    told = "\n".join(str(problem) for problem in caught.value.problems)
    for part in (
        "did you mean 'max_bytes'",
        "darkroom.yaml:1: store.endpoint: is missing",
        "darkroom.yaml:3: store.region: 012 starts with a zero",
        "did you mean 'store'",
        ".env:1: expected NAME=VALUE",
        "did you mean 'parameters.cfg'",
        "--set: is not YAML",
    ):
        assert part in told, part
    assert told.count("store.region") == 1


def test_a_link_that_leads_nowhere_is_a_mistake(home: Path) -> None:
    (home / "darkroom.yaml").symlink_to(home / "gone.yaml")
    _, problems = read_lab(environ={}, cwd=home)
    assert "leads nowhere" in str(problems[0])


def test_a_flag_may_set_nothing(home: Path) -> None:
    lab = open_lab(["parameters.seed=null", "parameters.steps=9"], environ={}, cwd=home)
    assert lab.overrides.problems == ()


@pytest.mark.parametrize(
    ("comfy", "url"),
    [
        (Comfy(), "http://localhost:8188"),
        (Comfy(host="gpu", port=9000), "http://gpu:9000"),
        (Comfy(host="big", port=9000), "https://10.0.0.7:8443"),
        (Comfy(host="[::1]"), "http://[::1]:8188"),
        (Comfy(host="embedded"), None),
    ],
)
def test_a_host_is_a_named_one_or_an_address(home: Path, comfy: Comfy, url: str | None) -> None:
    write(home / "darkroom.yaml", "hosts: {big: {url: 'https://10.0.0.7:8443/'}}\n")
    assert open_lab(environ={}, cwd=home).host_url(comfy) == url


def test_a_judges_own_address_wins_over_the_providers(home: Path) -> None:
    write(home / "darkroom.yaml", "providers: {ollama: {base_url: http://gpu:11434}}\n")
    lab = open_lab(environ={}, cwd=home)
    assert lab.provider_url(Judge(provider="ollama", model="m")) == "http://gpu:11434"
    own = Judge(provider="ollama", model="m", base_url="http://other")
    assert lab.provider_url(own) == "http://other"
    assert lab.provider_url(Judge(provider="openai", model="m")) is None


def test_files_are_shown_from_home_where_they_lie_inside(home: Path) -> None:
    assert shown(home / "a" / "b", home) == "a/b"
    assert shown(Path("/etc/x"), home) == "/etc/x"
