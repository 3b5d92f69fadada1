"""The onnx tier without torch: what goes into a network, and what is made of its answers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.scorers.onnx_network import Network
from darkroom.adapters.scorers.onnx_pixels import clip_pixels, nima_pixels, topiq_pixels
from darkroom.adapters.scorers.onnx_scorer import open_onnx
from darkroom.adapters.scorers.onnx_text import ClipTokenizer, described
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_tiers import Bench, openings
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score
from tests.fakes import onnx_files

NAMES = ("nima_mean", "topiq", "laion_aesthetic", "clip_score")
_LETTERS = {"a</w>": 0, "b</w>": 1, "a": 2, "b": 3, "ab</w>": 4}
VOCABULARY = _LETTERS | {"<start_of_text>": 5, "<end_of_text>": 6}


def _specs(*names: str) -> tuple[MetricSpec, ...]:
    found = [metric_table().find(name, "onnx") for name in names or NAMES]
    return tuple(spec for spec in found if spec)


def _rgb(width: int = 160, height: int = 128, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def _picture(prompt: str | None = "ab", **size: int) -> Picture:
    return Picture(_rgb(**size), "0" * 64, prompt)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    column = np.array([[1.0], [2.0], [3.0]])
    square = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    words = np.zeros((77, 2))
    words[0], words[1] = (0.02, 0.0), (0.0, 0.05)
    text = described(VOCABULARY, [("a", "b</w>")], 77)
    files = {
        "nima": onnx_files.network("nima", {"side": 64}, column),
        "topiq_nr": onnx_files.network("topiq_nr", {}, column / 6),
        "clip_image": onnx_files.network("clip-image", {"side": 32}, square),
        "laion_aesthetic": onnx_files.network("aesthetic-head", {}, np.array([[2.0], [1.0]])),
        "clip_text": onnx_files.network("clip-text", text, words),
    }
    (tmp_path / "onnx").mkdir()
    for name, data in files.items():
        (tmp_path / f"onnx/{name}.onnx").write_bytes(data)
        WeightsFolder(tmp_path).take_down(f"onnx/{name}.onnx")
    return tmp_path


def _score(weights: Path, specs: tuple[MetricSpec, ...], *pictures: Picture) -> list[list[Score]]:
    opened = [one.open() for one in openings(specs, Bench(weights, "auto"))]
    order = [spec for scorer in opened for spec in scorer.specs]
    parts = [scorer.score(pictures) for scorer in opened]
    rows = [[score for part in row for score in part] for row in zip(*parts, strict=True)]
    return [[row[order.index(spec)] for spec in specs] for row in rows]


def test_each_network_sees_its_own_kind_of_pixels(weights: Path) -> None:
    picture = _picture()
    [[nima, topiq, laion, clip]] = _score(weights, _specs(), picture)
    column = np.array([1.0, 2.0, 3.0])
    assert nima.raw == pytest.approx(nima_pixels(picture.rgb, 64).mean((1, 2)) @ column, rel=1e-5)
    means = topiq_pixels(picture.rgb).mean((1, 2))
    assert topiq.raw == pytest.approx(means @ column / 6, rel=1e-5)
    vector = clip_pixels(picture.rgb, 32).mean((1, 2))[:2]
    assert laion.raw == pytest.approx(vector @ [2.0, 1.0], rel=1e-4)
    assert clip.raw == pytest.approx(vector @ [5 * 0.02, 4 * 0.05], rel=1e-4)
    digests = [WeightsFolder(weights).digest_for(spec) for spec in _specs()]
    assert [score.weights_sha256 for score in (nima, topiq, laion, clip)] == digests


def test_pictures_of_several_sizes_keep_their_order(weights: Path) -> None:
    pictures = [_picture(seed=1), _picture(width=96, seed=2), _picture(seed=3)]
    together = _score(weights, _specs(), *pictures)
    alone = [_score(weights, _specs(), one)[0] for one in pictures]
    for ours, theirs in zip(together, alone, strict=True):
        assert [score.raw for score in ours] == pytest.approx([score.raw for score in theirs])


def test_what_cannot_be_measured_is_null_and_spoils_nothing(weights: Path) -> None:
    small, promptless, good = _picture(width=40), _picture(None), _picture()
    rows = _score(weights, _specs(), small, promptless, good)
    assert [score.reason is None for score in rows[0]] == [False, False, False, True]
    assert [score.reason is None for score in rows[1]] == [True, True, True, False]
    assert [score.reason for score in rows[2]] == [None] * 4
    [row] = _score(weights, _specs("laion_aesthetic", "clip_score"), _picture(None, width=20))
    assert [score.raw for score in row] == [None, None]


def test_a_metric_whose_file_is_missing_leaves_its_group_working(weights: Path) -> None:
    (weights / "onnx/laion_aesthetic.onnx").unlink()
    [[laion, clip]] = _score(weights, _specs("laion_aesthetic", "clip_score"), _picture())
    assert "onnx/laion_aesthetic.onnx is not in the weights folder" in (laion.reason or "")
    assert clip.raw is not None


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"no network", "cannot be opened"), (b"", "cannot be opened")],
)
def test_a_file_that_is_no_network_is_refused(weights: Path, data: bytes, said: str) -> None:
    (weights / "onnx/nima.onnx").write_bytes(data)
    WeightsFolder(weights).take_down("onnx/nima.onnx")
    [[score]] = _score(weights, _specs("nima_mean"), _picture())
    assert said in (score.reason or "")


def test_a_network_of_another_kind_is_refused(weights: Path) -> None:
    folder, file = WeightsFolder(weights), NeededFile("onnx/clip_text.onnx", None, None, "")
    with pytest.raises(DataError) as refused:
        Network(folder, file, "nima", "cpu")
    assert "is no nima converted by Darkroom" in refused.value.message


def test_a_model_nobody_wrote_is_said(weights: Path) -> None:
    spec = _specs("nima_mean")[0].model_copy(update={"model": "unheard-of"})
    with pytest.raises(UsageError) as refused:
        open_onnx((spec,), weights, "cpu")
    assert refused.value.code == "models-unknown-metric"
    alone = _specs("clip_score")[0].model_copy(update={"backbone": None})
    with pytest.raises(UsageError):
        open_onnx((alone,), weights, "cpu")


def test_prompts_are_cut_at_the_length_and_always_end() -> None:
    tokens = ClipTokenizer(described(VOCABULARY, [("a", "b</w>")], 6))
    rows = tokens(["a  AB", "ab " * 50, ""])
    assert rows.tolist() == [[5, 0, 4, 6, 0, 0], [5, 4, 4, 4, 4, 6], [5, 6, 0, 0, 0, 0]]


def test_resampling_keeps_what_is_constant_and_what_is_a_ramp() -> None:
    flat = np.full((200, 300, 3), 51, np.uint8)
    assert nima_pixels(flat, 64) == pytest.approx(0.2)
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3))
    resized = nima_pixels(np.ascontiguousarray(ramp), 64)
    expected = (np.arange(64) + 0.5) * 4 / 255 - 0.5 / 255
    assert resized[0, 10, 4:-4] == pytest.approx(expected[4:-4], abs=1e-5)


def test_clip_sees_the_middle_at_its_own_scale() -> None:
    rgb = _rgb(320, 200)
    reference = Image.fromarray(rgb).resize((51, 32), Image.Resampling.BICUBIC)
    middle = np.asarray(reference)[:, 10:42] / 255
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    expected = ((middle - mean) / std).transpose(2, 0, 1)
    assert clip_pixels(rgb, 32) == pytest.approx(expected, abs=1e-5)


def test_rows_and_columns_beyond_a_multiple_are_left_out() -> None:
    assert topiq_pixels(_rgb(100, 70)).shape == (3, 64, 96)
