"""Vectors of a laboratory's images: incremental, resumable, made anew to the same content."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.embedders.shapeworld_pair import ShapeworldEmbedder
from darkroom.adapters.settings import Lab
from darkroom.adapters.vision.drawing import draw
from darkroom.apps import cli
from darkroom.archive import embedding
from darkroom.archive.embedding import Embedding, embed, vectors_in
from darkroom.archive.embedding_params import EmbedParams
from darkroom.core.errors import UsageError
from darkroom.core.world.captions import plain_caption
from tests.fakes.library import RUN, key_of, lab_in, settle, sidecar
from training.scenes import Sample, draw_sample

SHAPEWORLD = EmbedParams(model="shapeworld")


def samples(count: int) -> list[Sample]:
    rng = np.random.default_rng(12)
    return [draw_sample(rng, 1 + at % 4) for at in range(count)]


def png(sample: Sample) -> bytes:
    target = io.BytesIO()
    Image.fromarray(draw(sample.scene, 64)).save(target, "PNG")
    return target.getvalue()


def put(lab: Lab, number: int, data: bytes, project: str = "demo", **facts: Any) -> str:
    """A picture with a sidecar that tells its sha256."""
    made = sidecar(number, project=project, **facts)
    made["identity"] |= {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    path = lab.store_root / key_of(number, project=project)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_name(path.name + ".json").write_text(json.dumps(made))
    return key_of(number, project=project)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    settle(tmp_path, monkeypatch)
    return lab_in(tmp_path)


def test_only_what_lacks_a_vector_is_looked_at(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, sample in enumerate(samples(3), 1):
        put(lab, number, png(sample))
    assert cli.main(["embed", "--model", "shapeworld", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["contents"], told["complete"], told["embedded"], told["vectors"]) == (3, 0, 3, 3)
    put(lab, 4, png(samples(4)[3]))
    put(lab, 5, png(samples(4)[3]))
    report = embed(SHAPEWORLD)
    assert (report.contents, report.complete, report.embedded) == (4, 3, 1)
    monkeypatch.setattr(ShapeworldEmbedder, "pictures", None)
    assert embed(SHAPEWORLD).embedded == 0


def test_deleted_images_and_other_projects_are_left_out(lab: Lab) -> None:
    made = samples(3)
    put(lab, 1, png(made[0]))
    put(lab, 2, png(made[1]))
    put(lab, 3, png(made[2]), project="other")
    assert cli.main(["delete", f"demo/{RUN}/2", "--yes"]) == 0
    assert embed(EmbedParams(model="shapeworld", project="demo")).embedded == 1
    assert embed(SHAPEWORLD).embedded == 1


def test_an_image_that_cannot_be_read_stops_no_other(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = put(lab, 1, png(samples(1)[0]))
    (lab.store_root / broken).write_bytes(b"not it")
    put(lab, 2, png(samples(2)[1]))
    put(lab, 3, png(samples(3)[2]), identity={"sha256": None})
    nameless = lab.store_root / f"{key_of(3)}.json"
    told = json.loads(nameless.read_text())
    told["identity"] |= {"sha256": None}
    told["origin"] = {"form": "imported"}
    nameless.write_text(json.dumps(told))
    assert cli.main(["embed", "--model", "shapeworld"]) == 4
    said = capsys.readouterr()
    assert "store-content-differs" in said.err
    assert "1 images have no sha256" in said.err
    assert said.out.split()[-6:] == ["shapeworld", "2", "0", "1", "1", "1"]


def test_a_stopped_one_goes_on_where_it_was(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BATCH", 2)
    for number, sample in enumerate(samples(5), 1):
        put(lab, number, png(sample))
    with Embedding(SHAPEWORLD) as work:
        work.embed(next(iter(work.listed())))
    report = embed(SHAPEWORLD)
    assert (report.complete, report.embedded, report.vectors) == (2, 3, 5)


def test_made_anew_the_content_is_the_same(lab: Lab) -> None:
    for number, sample in enumerate(samples(4), 1):
        put(lab, number, png(sample))
        embed(SHAPEWORLD)
    identity = ShapeworldEmbedder().identity
    before = vectors_in(lab, identity)
    report = embed(EmbedParams(model="shapeworld", rebuild=True))
    after = vectors_in(lab, identity)
    assert (report.complete, report.embedded) == (0, 4)
    assert before is not None
    assert after is not None
    assert before.content() == after.content()


def test_a_damaged_vector_is_found_and_all_is_made_anew(lab: Lab) -> None:
    for number, sample in enumerate(samples(3), 1):
        put(lab, number, png(sample))
    embed(SHAPEWORLD)
    identity = ShapeworldEmbedder().identity
    before = vectors_in(lab, identity)
    assert before is not None
    said = before.content()
    path = embedding.folder_of(lab, identity) / "vectors-1.f16"
    data = bytearray(path.read_bytes())
    data[5] ^= 8
    path.write_bytes(data)
    report = embed(EmbedParams(model="shapeworld", check=True))
    assert (report.was_damaged, report.embedded) == (1, 3)
    after = vectors_in(lab, identity)
    assert after is not None
    assert after.content() == said
    assert embed(EmbedParams(model="shapeworld", check=True)).embedded == 0


@pytest.mark.parametrize("model", ["clip", "other"])
def test_a_model_that_is_not_there_is_named(lab: Lab, model: str) -> None:
    with pytest.raises(UsageError, match=model) as caught:
        embed(EmbedParams(model=model))
    assert caught.value.code == "vectors-model"


def similar(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert cli.main(["similar", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_the_most_similar_images_come_first_and_filters_hold(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = samples(12)
    keys = [put(lab, number, png(sample)) for number, sample in enumerate(made, 1)]
    twin = put(lab, 30, png(made[2]), input={"prompt": "a twin"})
    assert cli.main(["embed"]) == 0
    rows = np.stack([draw(sample.scene, 64) for sample in made])
    vectors = ShapeworldEmbedder().pictures(list(rows))
    order = [int(at) for at in np.argsort(-(vectors @ vectors[4])) if at != 4]
    found = similar(capsys, f"demo/{RUN}/5", "--limit", "4")
    assert [row["image"] for row in found if row["image"] != twin] == [
        keys[at] for at in order[: 4 - (twin in [row["image"] for row in found])]
    ]
    assert found[0]["similarity"] == pytest.approx(float(vectors[order[0]] @ vectors[4]), abs=3e-3)
    assert all(row["image"] != keys[4] for row in found)
    everything = similar(capsys, keys[4], "--limit", "50")
    assert len(everything) == 12
    assert [r["image"] for r in similar(capsys, keys[4], "--prompt", "a twin")] == [twin]
    outside = tmp_path / "outside.png"
    outside.write_bytes(png(samples(13)[12]))
    assert len(similar(capsys, str(outside), "--limit", "50")) == 13
    assert cli.main(["delete", keys[order[0]], "--yes"]) == 0
    assert keys[order[0]] not in [r["image"] for r in similar(capsys, keys[4], "--limit", "50")]


def test_words_find_the_picture_that_shows_them(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    made = samples(12)
    keys = [put(lab, number, png(sample)) for number, sample in enumerate(made, 1)]
    embed(SHAPEWORLD)
    hits = 0
    for key, sample in list(zip(keys, made, strict=True))[:4]:
        (best, *_) = similar(capsys, "--text", plain_caption(sample.facts))
        hits += best["image"] == key
    assert hits >= 3
    put(lab, 13, png(samples(13)[12]))
    cli.main(["warehouse", "sync"])
    assert cli.main(["similar", "--text", "a red circle", "--limit", "1"]) == 0
    assert "1 of 13 images have no vector" in capsys.readouterr().err


def test_questions_that_cannot_be_are_explained(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    put(lab, 1, png(samples(1)[0]))
    assert cli.main(["similar", "--text", "a red circle"]) == 2
    assert "run `darkroom embed` once" in capsys.readouterr().err
    embed(SHAPEWORLD)
    assert cli.main(["similar"]) == 2
    assert "similar-question" in capsys.readouterr().err
    assert cli.main(["similar", f"demo/{RUN}"]) == 2
    assert "is a run" in capsys.readouterr().err
    assert cli.main(["similar", "nothing"]) == 2
