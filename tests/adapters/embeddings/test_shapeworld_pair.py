import numpy as np
import pytest

from darkroom.adapters.embeddings import shapeworld
from darkroom.adapters.embeddings.shapeworld import (
    adherence,
    embed_captions,
    embed_pictures,
    identity,
    word_numbers,
)
from darkroom.adapters.vision.drawing import draw
from darkroom.core.errors import DataError
from darkroom.core.world.captions import plain_caption
from training.scenes import draw_sample


def samples(number):
    rng = np.random.default_rng(12)
    return [draw_sample(rng, 1 + at % 4) for at in range(number)]


def test_vectors_have_length_one():
    chosen = samples(3)
    pictures = embed_pictures([draw(sample.scene, 100) for sample in chosen])
    captions = embed_captions([plain_caption(sample.facts) for sample in chosen])
    assert pictures.shape == captions.shape == (3, shapeworld.DIMENSIONS)
    lengths = np.linalg.norm(np.concatenate([pictures, captions]), axis=1)
    assert lengths == pytest.approx(np.ones(6), abs=1e-4)


def test_a_picture_finds_its_caption_among_many():
    chosen = samples(64)
    pictures = embed_pictures([draw(sample.scene, 128) for sample in chosen])
    captions = embed_captions([plain_caption(sample.facts) for sample in chosen])
    found = (pictures @ captions.T).argmax(1) == np.arange(64)
    assert found.mean() >= 0.9


def test_adherence_is_higher_for_what_is_shown():
    sample = samples(1)[0]
    picture = draw(sample.scene, 128)
    wrong = "four small cyan stars on a black background"
    assert adherence(picture, plain_caption(sample.facts)) > adherence(picture, wrong)


def test_words_are_numbered_and_unknown_ones_are_one_token():
    rows = word_numbers(["A red circle", "zebra"])
    assert rows.shape == (2, shapeworld.CAPTION_WORDS)
    assert (rows[0, :3] > 1).all()
    assert rows[0, 3:].sum() == 0
    assert rows[1, 0] == 1


def test_the_identity_names_the_weights():
    assert identity().startswith("shapeworld-pair@")
    assert identity() == identity()


def test_damaged_weights_are_refused(monkeypatch, tmp_path):
    (tmp_path / "SHA256SUMS").write_text("00  shapeworld_caption.onnx\n")
    (tmp_path / "shapeworld_caption.onnx").write_bytes(b"not what was shipped")
    monkeypatch.setattr(shapeworld, "_FOLDER", tmp_path)
    monkeypatch.setattr(shapeworld, "_sums", shapeworld._sums.__wrapped__)
    monkeypatch.setattr(shapeworld, "_session", shapeworld._session.__wrapped__)
    with pytest.raises(DataError) as damage:
        embed_captions(["a red circle"])
    assert damage.value.code == "embedding-weights-damaged"
