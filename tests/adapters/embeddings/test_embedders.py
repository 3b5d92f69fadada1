"""The two models behind one protocol, and which one is meant."""

from pathlib import Path

import numpy as np
import pytest

from darkroom.adapters.embedders.clip import ClipEmbedder, clip_files
from darkroom.adapters.embedders.models import open_embedder, usual_model
from darkroom.adapters.embedders.shapeworld_pair import ShapeworldEmbedder
from darkroom.adapters.scorers.onnx_text import described
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.errors import UsageError
from tests.fakes import onnx_files

VOCABULARY = {"<start_of_text>": 5, "<end_of_text>": 6, "a</w>": 1, "b</w>": 2, "a": 3, "b": 4}


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (40 + at, 50, 3), dtype=np.uint8) for at in range(count)]


def weights(folder: Path) -> Path:
    """A CLIP that tells the mean colour of a picture, and of a text its first two words."""
    texts, images = clip_files()
    about = described(VOCABULARY, [], 77)
    files = {
        images.file: onnx_files.network("clip-image", {"side": 32}, np.eye(3)),
        texts.file: onnx_files.network("clip-text", about, np.ones((77, 3))),
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        WeightsFolder(folder).take_down(name)
    return folder


def test_pictures_have_the_same_vectors_in_any_company(tmp_path: Path) -> None:
    for embedder in (ShapeworldEmbedder(), ClipEmbedder(WeightsFolder(weights(tmp_path)))):
        together = embedder.pictures(pictures(5))
        alone = [embedder.pictures([one])[0] for one in pictures(5)]
        assert np.array_equal(together, np.stack(alone))
        assert together.shape == (5, embedder.identity.dimensions)
        assert embedder.texts(["red", "a blue one"]).shape == (2, embedder.identity.dimensions)


def test_the_general_model_is_meant_where_its_weights_are(tmp_path: Path) -> None:
    assert usual_model(tmp_path / "none") == "shapeworld"
    folder = weights(tmp_path)
    assert usual_model(folder) == "clip"
    assert open_embedder(None, folder).identity.name == "clip"
    assert open_embedder("shapeworld", folder).identity.name == "shapeworld"


def test_other_weights_are_another_identity(tmp_path: Path) -> None:
    folder = weights(tmp_path)
    before = ClipEmbedder(WeightsFolder(folder)).identity
    images = clip_files()[1].file
    (folder / images).write_bytes(onnx_files.network("clip-image", {"side": 16}, np.eye(3)))
    WeightsFolder(folder).take_down(images)
    after = ClipEmbedder(WeightsFolder(folder)).identity
    assert before.slug != after.slug


def test_a_model_without_weights_says_which_file_is_lacking(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"clip_text\.onnx"):
        open_embedder("clip", tmp_path)
