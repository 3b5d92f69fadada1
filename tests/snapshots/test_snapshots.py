"""What people and programs see, kept as files in their own formats.

A reviewer reads a changed table as text and a changed document as JSON; after an
intended change, `pytest tests/snapshots --snapshot-update` writes them again.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from darkroom.adapters.secret_values import NAMES
from darkroom.apps import cli
from darkroom.core.sidecar import as_document, parse, to_flat
from darkroom.core.workflow.graph import read_graph
from darkroom.core.workflow.loras import add_loras, read_lora
from darkroom.core.workflow.patch import patch

DATA = Path(__file__).resolve().parents[1] / "data"


class TextSnapshot(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"


class JsonSnapshot(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "json"

    def serialize(self, data: Any, **_kwargs: Any) -> str:
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _graph(name: str) -> dict[str, Any]:
    text = (DATA / "workflows" / "api" / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.mark.parametrize("name", ["sd15_img2img", "flux_custom_advanced", "sdxl_base_refiner"])
def test_what_a_workflow_means(
    name: str, capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    assert cli.main(["workflow", "show", str(DATA / "workflows" / "api" / f"{name}.json")]) == 0
    assert capsys.readouterr().out == snapshot(extension_class=TextSnapshot)


def test_a_patched_graph(snapshot: SnapshotAssertion) -> None:
    graph = patch(read_graph(_graph("sd15_txt2img")), {"prompt": "a lighthouse", "seed": 7})
    with_lora = add_loras(graph, [read_lora("ink.safetensors:0.8")])
    assert with_lora.as_json() == snapshot(extension_class=JsonSnapshot)


def test_a_sidecar_whole_and_flat(snapshot: SnapshotAssertion) -> None:
    sidecar = parse((DATA / "sidecars" / "darkroom-v1.json").read_bytes())
    assert as_document(sidecar) == snapshot(name="whole", extension_class=JsonSnapshot)
    assert to_flat(sidecar) == snapshot(name="flat", extension_class=JsonSnapshot)


def test_the_table_of_effective_settings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    snapshot: SnapshotAssertion,
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["project", "create", "first", "--from", "demo"]) == 0
    capsys.readouterr()
    assert cli.main(["config", "show", "--project", "first", "--explain"]) == 0
    shown = capsys.readouterr().out.replace(str(tmp_path), "HOME")
    assert shown == snapshot(extension_class=TextSnapshot)
