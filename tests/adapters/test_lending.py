"""What a run is lent: over the files and the environment, under its own settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from darkroom.adapters.lending import lending, lent_from, lent_now, together
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.errors import ConfigError

KEYS = {"OPENAI_API_KEY": SecretStr("lent-key")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    text = "store: {root: ours}\nhosts: {big: {url: http://ours}}\n"
    (tmp_path / "darkroom.yaml").write_text(text)
    return tmp_path


def opened(home: Path, *sets: str) -> Lab:
    environ = {"OPENAI_API_KEY": "own-key", "OPENROUTER_API_KEY": "own-router"}
    return open_lab(sets, environ=environ, cwd=home)


def test_what_is_lent_lies_over_file_and_environment_for_as_long_as_it_is_lent(home: Path) -> None:
    with lending(lent_from("block b", {"store": {"root": "lent"}}, KEYS)):
        lab = opened(home)
        assert lab.store_root == home / "lent"
        assert lab.config.hosts["big"].url == "http://ours"
        found = (lab.secrets.api_key("openai"), lab.secrets.api_key("openrouter"))
        assert [key.get_secret_value() for key in found if key] == ["lent-key", "own-router"]
        assert lab.secrets.origins["OPENAI_API_KEY"] == "block b"
    lab = opened(home)
    assert lab.store_root == home / "ours"
    assert lab.secrets.values["OPENAI_API_KEY"].get_secret_value() == "own-key"
    assert not lent_now().secrets


def test_the_runs_own_settings_lie_over_what_is_lent(home: Path) -> None:
    with lending(lent_from("block b", {"store": {"root": "lent"}}, {})):
        assert opened(home, "store.root=mine").store_root == home / "mine"


def test_what_a_source_leaves_empty_is_not_lent(home: Path) -> None:
    nothing = {"store": {"root": " ", "bucket": None}, "hosts": {"big": {"url": ""}}}
    with lending(lent_from("block b", nothing, {"OPENAI_API_KEY": SecretStr("  ")})):
        lab = opened(home)
    assert lab.store_root == home / "ours"
    assert lab.secrets.values["OPENAI_API_KEY"].get_secret_value() == "own-key"


def test_several_sources_are_joined_and_later_ones_lie_above(home: Path) -> None:
    first = lent_from("block a", {"store": {"root": "a"}}, KEYS)
    second = lent_from("block b", {"store": {"root": "b"}, "projects": "p"}, {})
    with lending(together([first, second])):
        lab = opened(home)
    assert (lab.store_root, lab.config.projects) == (home / "b", "p")
    assert lab.secrets.values["OPENAI_API_KEY"].get_secret_value() == "lent-key"


def test_a_mistake_in_what_is_lent_names_its_source(home: Path) -> None:
    lent = lent_from("block darkroom-comfyui/x", {"hosts": {"x": {"url": "nowhere"}}}, {})
    with lending(lent), pytest.raises(ConfigError) as caught:
        opened(home)
    assert [problem.file for problem in caught.value.problems] == ["block darkroom-comfyui/x"]
