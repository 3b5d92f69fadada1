"""From the torch tier to the onnx tier: what is converted gives torch's values."""

import hashlib
import os
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import pytest

from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_tiers import Bench, openings
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_convert import Conversion, conversions, convert
from darkroom.adapters.scorers.weights_folder import WeightsFolder
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(600),  # converting is slow on a machine with other work
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]
torch = pytest.importorskip("torch")

from darkroom.adapters.scorers import onnx_export  # noqa: E402 - needs torch
from darkroom.adapters.scorers.onnx_text import ClipTokenizer, described  # noqa: E402
from tests.fakes import small_weights as small  # noqa: E402

TOLERANCE = 1e-3
"""How far a score of the onnx tier may be from torch's, relative to it."""
NAMES = ("nima_mean", "topiq", "laion_aesthetic", "clip_score")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """Small weights, and everything converted from them."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "TORCH_HOME", "HF_HOME", "TRANSFORMERS_OFFLINE"):
            patch.setenv(name, os.environ.get(name, ""))
        small.shrink(patch, tmp_path_factory.mktemp("configs"))
        small.write_all(folder)
        for one in conversions():
            _convert_here(folder, one)
        yield folder


def _convert_here(folder: Path, one: Conversion) -> None:
    """As the process does, but with the small architectures this one knows."""
    path = folder / one.target.file
    path.parent.mkdir(exist_ok=True)
    made = onnx_export.RECIPES[one.recipe](WeightsFolder(folder), one.source)
    assert onnx_export.write(made, path) <= onnx_export.TOLERANCE
    WeightsFolder(folder).take_down(one.target.file)


def _specs(tier: str) -> tuple[MetricSpec, ...]:
    """The metrics of both tiers, looking at pictures of one size."""
    found = [metric_table().find(name, "onnx" if tier == "onnx" else "torch") for name in NAMES]
    return tuple(spec.model_copy(update={"long_side": 512}) for spec in found if spec)


def _score(weights: Path, specs: Sequence[MetricSpec], *pictures: Picture) -> list[list[Score]]:
    opened = [one.open() for one in openings(specs, Bench(weights, "cpu"))]
    order = [spec for scorer in opened for spec in scorer.specs]
    parts = [scorer.score(pictures) for scorer in opened]
    rows = [[score for part in row for score in part] for row in zip(*parts, strict=True)]
    return [[row[order.index(spec)] for spec in specs] for row in rows]


def _picture(seed: int, width: int, height: int) -> Picture:
    rgb = small.picture(width, height, seed)
    digest = hashlib.sha256(rgb.tobytes()).hexdigest()
    return Picture(rgb, digest, "a red cat, on the LEFT of a dog's bed &amp; 3 birds")


def test_both_tiers_agree_on_every_size(weights: Path) -> None:
    sizes = [(160, 128), (512, 512), (96, 256), (1024, 768)]
    pictures = [_picture(seed, *size) for seed, size in enumerate(sizes)]
    with_torch = _score(weights, _specs("torch"), *pictures)
    with_onnx = _score(weights, _specs("onnx"), *pictures)
    for ours, theirs in zip(with_onnx, with_torch, strict=True):
        assert [score.reason for score in ours] == [None] * len(NAMES)
        assert [score.raw for score in ours] == pytest.approx(
            [score.raw for score in theirs], rel=TOLERANCE, abs=1e-4
        )
        assert {score.tier for score in ours} == {"onnx"}
        assert {score.weights_sha256 for score in ours}.isdisjoint(
            score.weights_sha256 for score in theirs
        )


def test_a_batch_gives_what_each_picture_gives_alone(weights: Path) -> None:
    pictures = [_picture(1, 160, 128), _picture(2, 160, 128), _picture(3, 128, 200)]
    together = _score(weights, _specs("onnx"), *pictures)
    for picture, row in zip(pictures, together, strict=True):
        [alone] = _score(weights, _specs("onnx"), picture)
        assert [score.raw for score in row] == pytest.approx([score.raw for score in alone])


def test_a_converted_file_of_another_kind_is_refused(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/nima.onnx").write_bytes((weights / "onnx/laion_aesthetic.onnx").read_bytes())
    WeightsFolder(tmp_path).take_down("onnx/nima.onnx")
    [[score]] = _score(tmp_path, _specs("onnx")[:1], _picture(1, 128, 128))
    assert "is no nima converted by Darkroom" in (score.reason or "")


@pytest.mark.parametrize(
    "text",
    [
        "a photo of an astronaut riding a horse",
        "It's 2,000 o'clock — naïve café, ÜBER-straße!",
        "  spaces\t and\nlines  ",
        "(red:1.3), [blue], <lora:x:0.5>",
        "东京 の 夜 🌃",
        "&amp;lt;tags&amp;gt; x" * 40,
        "",
    ],
)
def test_prompts_become_the_numbers_open_clip_makes_of_them(text: str) -> None:
    theirs = small.extra("open_clip").SimpleTokenizer(context_length=77)
    ours = ClipTokenizer(described(theirs.encoder, list(theirs.bpe_ranks), 77))
    np.testing.assert_array_equal(ours([text]), theirs([text]).numpy())


def test_converting_runs_apart_and_takes_down_the_digest(tmp_path: Path) -> None:
    """The head needs no small stand-in, so the real process can be used."""
    small.put(tmp_path, small.torch_spec("laion_aesthetic"), small.head_tensors(768))
    small.listed(tmp_path)
    folder = WeightsFolder(tmp_path)
    done = {one.target.file: convert(folder, one) for one in conversions(["laion_aesthetic"])}
    assert done["onnx/laion_aesthetic.onnx"].state == "converted"
    assert "is not in the weights folder" in done["onnx/clip_image.onnx"].state
    for one in conversions(["laion_aesthetic"])[:1]:
        assert folder.look(one.target).state == "ready"
        assert convert(folder, one).state == "present"
    assert [path.name for path in (tmp_path / "onnx").iterdir()] == ["laion_aesthetic.onnx"]


def test_weights_that_cannot_be_converted_leave_nothing_behind(tmp_path: Path) -> None:
    small.put(tmp_path, small.torch_spec("laion_aesthetic"), {"layers.0.weight": torch.rand(3, 3)})
    small.listed(tmp_path)
    with pytest.raises(DataError) as failed:
        convert(WeightsFolder(tmp_path), conversions(["laion_aesthetic"])[0])
    assert failed.value.code == "weights-refused"
    assert list((tmp_path / "onnx").iterdir()) == []


def test_an_unknown_metric_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        conversions(["sharpness"])
    assert "sharpness" in refused.value.message
