"""Redrawing: really drawn, compared pixel by pixel, recorded beside, never a result."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.engine_process import FOLDER, EngineProcess
from darkroom.adapters.image_comparing import pixel_difference
from darkroom.adapters.stores import FolderStore
from darkroom.apps import cli
from darkroom.archive import verifying_redraw
from darkroom.archive.verifying import Verifying
from darkroom.archive.verifying_params import VerifyParams
from darkroom.archive.verifying_redraw import MARK, Redrawing, Turn, fresh
from darkroom.core.errors import ComfyUnreachable, StoreUnavailable
from darkroom.core.jobs import Cancelled, Done, EngineReceipt, Failed, FinalState, Lost, OutputFile
from darkroom.core.sidecar import Sidecar, read_any
from tests.fakes.library import settle
from tests.fakes.slots import Slots
from tests.fakes.stored_images import commit, png

PROMPT = "a large red circle above a small blue square, on a white background"


NEW = {"version": "0.4.0"}


class OneAnswer:
    """A server that draws the same file whatever it is asked."""

    name = "studio"

    def __init__(self, data: bytes, final: FinalState | None = None) -> None:
        self.data = data
        self.final = final or Done((OutputFile("9", "a.png", "", "output"),))
        self.graphs: list[dict[str, Any]] = []
        self.cancelled: list[str] = []

    def receipt(self) -> EngineReceipt:
        return EngineReceipt("comfyui", "0.4.0", "studio", "cuda:0 NVIDIA")

    def submit(self, graph: dict[str, Any], _prompt_id: str) -> None:
        self.graphs.append(graph)

    def wait(self, _prompt_id: str, _on_progress: object) -> FinalState:
        if self.final == Cancelled():
            raise KeyboardInterrupt
        return self.final

    def fetch(self, _output: OutputFile) -> bytes:
        return self.data

    def cancel(self, prompt_id: str) -> bool:
        self.cancelled.append(prompt_id)
        return True


def stored(root: Path, **changes: Any) -> tuple[FolderStore, str, Sidecar]:
    key = commit(root, 1, side=8)
    path = root / f"{key}.json"
    told = json.loads(path.read_text()) | changes
    told["parents"] = changes.get("parents", [])
    path.write_text(json.dumps(told))
    return FolderStore(root), key, read_any(path.read_bytes(), f"{key}.json").sidecar


def records(root: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(root.rglob("verified/*.json"))]


def redrawn(root: Path, server: OneAnswer, host: str | None = "studio", **changes: Any) -> Any:
    store, key, sidecar = stored(root, **changes)
    return Redrawing(store, {"studio": server}, host).redraw(key, sidecar)


def test_the_same_pixels_are_bit_exact_whatever_the_file(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.open(io.BytesIO(png(1))).save(target, "WEBP", lossless=True)
    found = redrawn(tmp_path, OneAnswer(target.getvalue()))
    assert (found.outcome, found.max_difference, found.differing) == ("bit_exact", 0, 0.0)
    assert found.psnr_db is None
    (record,) = records(tmp_path)
    assert record["outcome"] == "bit_exact"
    assert record["schema"] == "darkroom.verified/1"


def test_other_pixels_and_other_sizes_are_told_apart(tmp_path: Path) -> None:
    found = redrawn(tmp_path / "a", OneAnswer(png(3)))
    assert (found.outcome, found.max_difference, found.differing) == ("differs", 2, 1.0)
    assert found.psnr_db == pytest.approx(10 * np.log10(255**2 / (4 / 3)))
    assert redrawn(tmp_path / "b", OneAnswer(png(1, 9))).outcome == "other_size"


def test_what_the_server_says_otherwise_is_named(tmp_path: Path) -> None:
    engine = {"kind": "comfyui", "version": "0.3.64", "host": "studio", "device": "cuda:0 NVIDIA"}
    found = redrawn(tmp_path, OneAnswer(png(1)), None, engine=engine)
    assert [(one.field, one.stored, one.now) for one in found.receipt] == [
        ("version", "0.3.64", "0.4.0")
    ]
    hashes = {"model_hashes": {"a.safetensors": "ab" * 32}}
    (untold,) = redrawn(tmp_path / "c", OneAnswer(png(1)), engine=engine | NEW | hashes).receipt
    assert (untold.field, untold.stored, untold.now) == ("model a.safetensors", "ab" * 32, None)
    (unknown,) = redrawn(tmp_path / "b", OneAnswer(png(1)), engine=None).receipt
    assert (unknown.field, unknown.now) == ("engine", "comfyui 0.4.0")


@pytest.mark.parametrize(
    ("final", "why"),
    [
        (Failed("error", "no such node"), "no such node"),
        (Lost(), "lost"),
        (Done(()), "saved 0 images"),
    ],
)
def test_a_server_that_does_not_draw_it_is_said(
    tmp_path: Path, final: FinalState, why: str
) -> None:
    found = redrawn(tmp_path, OneAnswer(png(1), final))
    assert found.outcome == "not_drawn"
    assert why in str(found.reason)
    assert records(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "host", "why"),
    [
        ({"workflow": {}}, "studio", "no graph"),
        ({"engine": None}, None, "no server"),
        ({}, "elsewhere", "no host is called"),
        ({"parents": [{"sha256": "ab" * 32}]}, "studio", "made from an image"),
    ],
)
def test_what_cannot_be_drawn_again_says_why(
    tmp_path: Path, changes: dict[str, Any], host: str | None, why: str
) -> None:
    found = redrawn(tmp_path, OneAnswer(png(1)), host, **changes)
    assert found.outcome == "not_drawn"
    assert why in str(found.reason)


def test_ctrl_c_takes_the_job_off_the_server(tmp_path: Path) -> None:
    server = OneAnswer(png(1), Cancelled())
    with pytest.raises(KeyboardInterrupt):
        redrawn(tmp_path, server)
    assert len(server.cancelled) == 1


def test_a_store_that_is_away_ends_it_and_a_server_that_is_away_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> bytes:
        raise ComfyUnreachable("comfy-unreachable", "nobody is there")

    monkeypatch.setattr(OneAnswer, "fetch", down)
    store, key, sidecar = stored(tmp_path)
    server = OneAnswer(png(1))
    work = Redrawing(store, {"studio": server}, "studio")
    found = [work.redraw(key, sidecar) for _ in range(3)]
    assert {(one.outcome, one.reason) for one in found} == {("not_drawn", "nobody is there")}
    assert len(server.graphs) == 1  # nobody waits for it again

    def away(*_: object) -> bytes:
        raise StoreUnavailable("store-unavailable", "away")

    monkeypatch.setattr(OneAnswer, "fetch", away)
    with pytest.raises(StoreUnavailable):
        redrawn(tmp_path, OneAnswer(png(1)))


def test_every_node_that_works_on_others_is_new_to_a_cache_and_loaders_are_not() -> None:
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a"}},
        "2": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "seed": 3}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
    made = fresh(graph, "id")
    assert made["1"] == graph["1"]
    assert made["2"]["inputs"] == {"model": ["1", 0], "seed": 3, MARK: "id"}
    assert made["3"]["inputs"]["filename_prefix"] == "darkroom-verify-id"
    assert MARK not in graph["2"]["inputs"]


def test_an_image_outside_of_any_run_leaves_no_record(tmp_path: Path) -> None:
    store, key, sidecar = stored(tmp_path)
    (tmp_path / "one.png").write_bytes((tmp_path / key).read_bytes())
    found = Redrawing(store, {"studio": OneAnswer(png(1))}, "studio").redraw("one.png", sidecar)
    assert found.outcome == "bit_exact"
    assert records(tmp_path) == []


def test_differences_of_pixels() -> None:
    black = np.zeros((2, 2, 3), np.uint8)
    one = black.copy()
    one[0, 0, 1] = 255
    found = pixel_difference(black, one)
    assert found is not None
    assert (found.largest, found.share) == (255, 0.25)
    assert found.psnr_db == pytest.approx(10 * np.log10(12))
    assert pixel_difference(black, black[:1]) is None


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    settle(tmp_path, monkeypatch)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    yield tmp_path
    EngineProcess(tmp_path / FOLDER).stop()


@pytest.mark.slow
def test_the_embedded_engine_draws_the_same_bits_again_and_plants_are_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "--prompt", PROMPT, "--seed", "7", "--count", "2"]) == 0
    before = {path: path.read_bytes() for path in (home / "projects").rglob("*") if path.is_file()}
    capsys.readouterr()
    assert cli.main(["verify", "--redraw", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcomes"] == {"bit_exact": 2}
    assert [one["receipt"] for one in told["redrawn"]] == [[], []]
    after = {path: path.read_bytes() for path in (home / "projects").rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert {path.parent.name for path in after.keys() - before.keys()} == {"verified"}
    assert _steps_of(next(home.rglob("images/*.png"))) >= 8  # drawn, not remembered
    _plant(home)
    assert cli.main(["verify", "--redraw"]) == 1
    said = capsys.readouterr().out
    assert "version: 0.0.1 ->" in said
    assert "differs" in said
    shutil.rmtree(home / "projects" / "generated" / "working")


def _steps_of(image: Path) -> int:
    """How many sampling steps the engine tells of while it draws one image again."""
    heard: list[int] = []
    with Verifying(VerifyParams(names=[str(image)], redraw=True)) as work:
        work.on_progress = lambda told: heard.append(told.step or 0)
        for group in work.groups():
            work.check(group)
            assert work.redraw().outcomes == {"bit_exact": 1}
    return max(heard)


def _plant(home: Path) -> None:
    """One sidecar that tells another engine, and one that tells another seed."""
    first, second = sorted(home.rglob("images/*.png.json"))
    told = json.loads(first.read_text())
    told["engine"]["version"] = "0.0.1"
    first.write_text(json.dumps(told))
    told = json.loads(second.read_text())
    sampler = next(n for n in told["workflow"]["graph"].values() if "seed" in n["inputs"])
    sampler["inputs"]["seed"] += 1
    second.write_text(json.dumps(told))


def test_a_server_is_held_for_all_images_in_a_row_and_no_longer_than_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots()
    with Turn(slots) as turn:
        for host in ("a", "a", "b", None, None, "b"):
            turn.on(host)
            assert slots.held == ([host] if host else [])
    assert (slots.asked, slots.held) == (["a", "b", "b"], [])
    monkeypatch.setattr(verifying_redraw, "_TURN_S", 0.0)
    with Turn(slots) as turn:
        turn.on("a")
        turn.on("a")
    assert slots.asked[3:] == ["a", "a"]
