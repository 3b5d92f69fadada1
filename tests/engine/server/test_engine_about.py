"""What the engine says of itself, beside what ComfyUI said."""

import pytest

from tests.fakes.engine_model import recorded
from tests.fakes.live_engine import LiveEngine
from tests.fakes.shapes import differences

INFO = recorded("server_info")
NODES = recorded("object_info")
PREFIXES = recorded("prefixes")
NOT_SERVED = {"/v2/userdata", "/settings"}
"""Of ComfyUI's own web page, which is not here."""


@pytest.mark.parametrize("path", ["/features", "/prompt", "/queue", "/object_info/NoSuchNode"])
def test_an_idle_server_answers_with_the_recorded_structure(shared: LiveEngine, path: str) -> None:
    for prefix in ("", "/api"):
        answer = shared.get(prefix + path)
        assert answer.status_code == 200
        found, before = answer.json(), INFO[path]["body"]
        found.pop("extension", None), before.pop("extension", None)
        assert differences(found, before) == []
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_system_stats_have_comfyuis_fields_and_say_what_this_is(shared: LiveEngine) -> None:
    stats = shared.get("/system_stats").json()
    ours = stats["system"].pop("darkroom")
    assert differences(stats, INFO["/system_stats"]["body"]) == []
    assert ours["kind"] == "embedded"
    protocol, build = stats["system"]["comfyui_version"].split("+")
    name, weights = build.split(".")
    assert (protocol, name) == ("0.33.0", "darkroom")
    assert len(bytes.fromhex(weights)) == 6


@pytest.mark.parametrize("path", sorted(PREFIXES.keys() - NOT_SERVED))
def test_routes_exist_with_and_without_prefix_as_recorded(shared: LiveEngine, path: str) -> None:
    assert shared.get(path).status_code == PREFIXES[path]


@pytest.mark.parametrize("path", ["/jobs", "/v2/history", "/history_v2", "/nowhere"])
def test_what_does_not_exist_is_an_empty_404(shared: LiveEngine, path: str) -> None:
    answer = shared.get(path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_assets_are_off_as_recorded(shared: LiveEngine) -> None:
    answer = shared.get("/api/assets")
    assert answer.status_code == INFO["/api/assets"]["status"]
    assert differences(answer.json(), INFO["/api/assets"]["body"]) == []


@pytest.mark.parametrize("name", NODES)
def test_a_node_takes_and_gives_what_comfyuis_does(shared: LiveEngine, name: str) -> None:
    found = shared.get(f"/object_info/{name}").json()[name]
    before = NODES[name]
    assert _inputs(found) == _inputs(before)
    for field in (
        "input_order",
        "output",
        "output_name",
        "output_is_list",
        "display_name",
        "category",
        "output_node",
        "python_module",
        "is_input_list",
    ):
        assert found[field] == before[field], field
    missing = before.keys() - found.keys() - {"essentials_category"}
    assert missing == set()


def _inputs(node: dict[str, dict[str, dict[str, list[object]]]]) -> dict[str, object]:
    """Types, lists and ranges of inputs, without help texts."""
    found: dict[str, object] = {"hidden": node["input"].get("hidden")}
    for name, config in node["input"]["required"].items():
        options = config[1] if len(config) > 1 else {}
        assert isinstance(options, dict)
        found[name] = (config[0], {k: v for k, v in options.items() if k != "tooltip"})
    return found


def test_every_node_is_listed(shared: LiveEngine) -> None:
    listed = shared.get("/object_info").json()
    wanted = {"KSamplerAdvanced", "EmptyLatentImage", "LoraLoader", "LoraLoaderModelOnly"}
    assert listed.keys() == NODES.keys() | wanted | {"ImageScale"}


def test_models_are_listed_by_folder(shared: LiveEngine) -> None:
    assert "checkpoints" in shared.get("/models").json()
    assert shared.get("/models/checkpoints").json() == list(shared.model.checkpoints)
    assert shared.get("/api/models/loras").json() == ["outline.npz"]
    assert shared.get("/models/nothing").status_code == 404
    assert shared.get("/embeddings").json() == []
