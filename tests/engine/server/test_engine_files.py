"""Images in and out: /upload, /view, what SaveImage writes."""

import io
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.fakes.engine_graphs import picture, plain
from tests.fakes.engine_model import recorded
from tests.fakes.live_engine import LiveEngine, live_engine

UPLOADS = recorded("uploads")
VIEWS = recorded("views")
IMG2IMG = recorded("img2img")


def _upload(engine: LiveEngine, name: str, data: bytes, **fields: str) -> Any:
    return engine.post("/upload/image", files={"image": (name, data)}, data=fields)


def test_uploads_are_named_as_recorded(engine: LiveEngine) -> None:
    one, two = picture(seed=1), picture(seed=2)
    steps = {
        "plain_new": _upload(engine, "u1.png", one),
        "same_name_same_bytes_no_overwrite": _upload(engine, "u1.png", one),
        "same_name_other_bytes_no_overwrite": _upload(engine, "u1.png", two),
        "same_name_other_bytes_overwrite_true": _upload(engine, "u1.png", two, overwrite="true"),
        "overwrite_False_literal": _upload(engine, "u1.png", picture(seed=3), overwrite="False"),
        "subfolder": _upload(engine, "u2.png", one, subfolder="proj/run1"),
        "type_temp": _upload(engine, "u3.png", one, type="temp"),
        "type_bogus": _upload(engine, "u.png", one, type="bogus"),
        "subfolder_escape": _upload(engine, "u.png", one, subfolder="../.."),
        "not_an_image": _upload(engine, "notes.txt", b"text"),
        "no_image_field": engine.post("/upload/image", files={"other": ("x", b"x")}),
    }
    for name, answer in steps.items():
        assert answer.status_code == UPLOADS[name]["status"], name
        if answer.status_code == 200:
            assert answer.json() == UPLOADS[name]["body"], name
    assert (engine.engine.folders.root / "input" / "u1.png").read_bytes() == two


@pytest.mark.parametrize(
    ("name", "status"),
    [("../../esc.png", 400), ("a/b/c.png", 500), ("/etc/passwd", 400), ("a\x00b.png", 400)],
)
def test_a_name_with_folders_is_refused_as_recorded(
    shared: LiveEngine, name: str, status: int
) -> None:
    assert _upload(shared, name, b"x").status_code == status
    root = shared.engine.folders.root
    assert sorted(p.name for p in (root / "input").iterdir()) == ["in128.png", "in64.png"]


def test_a_name_beyond_ascii_is_kept(engine: LiveEngine) -> None:
    name = "été 图.png"
    assert _upload(engine, name, picture()).json()["name"] == name
    shown = engine.get("/view", params={"filename": name, "type": "input"})
    assert shown.content == picture()


def test_a_body_over_the_limit_is_refused_with_the_recorded_words(tmp_path: Path) -> None:
    with live_engine(tmp_path, upload_bytes=1000, graph_bytes=500) as live:
        answer = _upload(live, "u.png", b"x" * 5000)
        assert answer.status_code == UPLOADS["101_MiB"]["status"]
        assert answer.text == "Maximum request body size 1000 exceeded."
        chunks = (b'{"prompt": "%s"}' % (b"x" * 600) for _ in range(2))
        assert live.post("/api/prompt", data=chunks).status_code == 413


@pytest.fixture(scope="module")
def viewable(tmp_path_factory: pytest.TempPathFactory) -> Generator[LiveEngine]:
    root = tmp_path_factory.mktemp("viewable")
    folder = root / "input"
    folder.mkdir()
    (folder / "u1.png").write_bytes(picture())
    (folder / "corrupt.png").write_bytes(picture()[:8] + b"garbage" * 40)
    (folder / "proj" / "run1").mkdir(parents=True)
    (folder / "proj" / "run1" / "u2.png").write_bytes(picture(seed=2))
    (root / "output").mkdir()
    (root / "output" / "link").symlink_to("/etc")
    with live_engine(root) as live:
        yield live


PATHS = [path for path in VIEWS if path.startswith("/view")]


@pytest.mark.parametrize("path", PATHS)
def test_view_answers_as_recorded(viewable: LiveEngine, path: str) -> None:
    answer = viewable.get(path)
    case = VIEWS[path]
    assert answer.status_code == case["status"]
    assert answer.headers.get("content-type") == case["type"]
    if answer.status_code == 200:
        missing = {h.lower() for h in case["headers"]} - {h.lower() for h in answer.headers}
        assert missing == set()


def test_view_gives_ranges_and_heads_as_recorded(viewable: LiveEngine) -> None:
    path = "/view?filename=u1.png&type=input"
    part = viewable.get(path, headers={"Range": "bytes=0-15"})
    assert (part.status_code, part.content) == (206, picture()[:16])
    assert part.headers["content-range"] == f"bytes 0-15/{len(picture())}"
    head = viewable.session.head(viewable.url + path, timeout=60)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(picture())))
    assert head.headers["content-disposition"] == 'filename="u1.png"'


def test_a_preview_and_a_channel_hold_the_picture(viewable: LiveEngine) -> None:
    for query, mode in (("preview=webp;80", "RGB"), ("channel=rgb", "RGB"), ("channel=a", "RGBA")):
        answer = viewable.get(f"/view?filename=u1.png&type=input&{query}")
        image = Image.open(io.BytesIO(answer.content))
        assert (image.size, image.mode) == ((64, 64), mode)
    whole = viewable.get("/view?filename=u1.png&type=input&channel=rgba")
    assert whole.content == picture()


@pytest.mark.parametrize(
    "query",
    [
        "filename=..%2F..%2Fetc%2Fpasswd",
        "filename=%2Fetc%2Fpasswd",
        "filename=passwd&subfolder=%2Fetc",
        "filename=x%00.png",
        "filename=x.png&subfolder=link",
        "filename=..",
        "filename=x.png%20[input]&subfolder=../output/..",
    ],
)
def test_no_name_leads_out_of_the_folders(viewable: LiveEngine, query: str) -> None:
    assert viewable.get(f"/view?{query}").status_code in {400, 403}


def test_a_file_that_is_no_image_is_never_shown_as_a_page(engine: LiveEngine) -> None:
    _upload(engine, "evil.html", b"<script>alert(1)</script>")
    answer = engine.get("/view?filename=evil.html&type=input")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_saved_png_carries_graph_and_workflow(engine: LiveEngine) -> None:
    request = IMG2IMG["request"]
    prompt_id, _ = engine.run(request["prompt"], extra_data=request["extra_data"])
    saved = engine.history(prompt_id)["outputs"]["7"]["images"][0]
    image = Image.open(io.BytesIO(engine.get("/view", params=saved).content))
    assert list(image.text) == IMG2IMG["png_keys"]
    graph = json.loads(image.text["prompt"])
    (changed,) = graph["4"].pop("is_changed")
    assert len(changed) == len(IMG2IMG["png_prompt"]["4"].pop("is_changed")[0])
    assert graph == IMG2IMG["png_prompt"]
    assert json.loads(image.text["workflow"]) == request["extra_data"]["extra_pnginfo"]["workflow"]


def test_a_prefix_may_name_a_subfolder_size_and_date(engine: LiveEngine) -> None:
    prompt_id, _ = engine.run(plain(prefix="sub/deep/p_%width%x%height%_%year%"))
    (saved,) = engine.history(prompt_id)["outputs"]["2"]["images"]
    assert saved["subfolder"] == "sub/deep"
    assert saved["filename"].startswith("p_64x64_20")
    assert engine.get("/view", params=saved).status_code == 200


def test_numbers_go_on_from_files_of_an_earlier_process(tmp_path: Path) -> None:
    with live_engine(tmp_path) as live:
        live.run(plain(1))
        live.run(plain(2))
    with live_engine(tmp_path) as live:
        prompt_id, _ = live.run(plain(1))
        (saved,) = live.history(prompt_id)["outputs"]["2"]["images"]
        assert saved["filename"] == "triv_00003_.png"
        assert live.get("/view?filename=triv_00001_.png").status_code == 200


def test_previews_lie_in_temp_which_a_restart_empties(tmp_path: Path) -> None:
    graph = plain(batch_size=3)
    graph["2"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    with live_engine(tmp_path) as live:
        prompt_id, _ = live.run(graph)
        images = live.history(prompt_id)["outputs"]["2"]["images"]
        assert {image["type"] for image in images} == {"temp"}
        assert len({image["filename"] for image in images}) == 3
    with live_engine(tmp_path) as live:
        assert live.get("/prompt").status_code == 200
        assert list((tmp_path / "temp").iterdir()) == []


def test_a_mask_is_put_onto_the_image_it_belongs_to(engine: LiveEngine) -> None:
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 128))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    ref = json.dumps({"filename": "in64.png", "type": "input"})
    send = {"files": {"image": ("m.png", buffer.getvalue())}, "data": {"original_ref": ref}}
    assert engine.post("/upload/mask", **send).json()["name"] == "m.png"
    shown = engine.get("/view?filename=m.png&type=input")
    masked = Image.open(io.BytesIO(shown.content))
    assert masked.getpixel((0, 0))[3] == 128
    assert masked.convert("RGB").tobytes() == Image.open(io.BytesIO(picture())).tobytes()


@pytest.mark.parametrize("ref", ["", "{", "[]", '{"filename": "none.png", "type": "input"}'])
def test_a_mask_for_no_image_is_refused(shared: LiveEngine, ref: str) -> None:
    send = {"files": {"image": ("m.png", picture())}, "data": {"original_ref": ref}}
    assert shared.post("/upload/mask", **send).status_code == 400


def test_a_mask_that_is_no_image_is_trouble(shared: LiveEngine) -> None:
    ref = json.dumps({"filename": "in64.png", "type": "input"})
    send = {"files": {"image": ("m.png", b"no")}, "data": {"original_ref": ref}}
    assert shared.post("/upload/mask", **send).status_code == 500
