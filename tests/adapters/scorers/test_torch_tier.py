"""The torch tier on small weights of the real formats: strict, offline, batched."""

import functools
import hashlib
import os
import signal
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_client import ScoringClient, ScoringPlace, image_of
from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.scorers.resident_tiers import Bench, Opened, openings
from darkroom.adapters.scorers.torch_scorer import raise_if_memory
from darkroom.adapters.scorers.weights_folder import WeightsFolder, needed_by
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(600),  # converting is slow on a machine with other work
    # of the libraries, not of ours
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
]
torch = pytest.importorskip("torch")

from tests.fakes import small_weights as small  # noqa: E402 - needs torch

SMALL = ("brisque", "niqe", "piqe", "nima", "topiq_nr", "musiq")
CLIP = ("laion_aesthetic", "clip_adherence")


@pytest.fixture(scope="module")
def patch() -> Generator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "TORCH_HOME", "HF_HOME", "TRANSFORMERS_OFFLINE"):
            patch.setenv(name, os.environ.get(name, ""))  # so that it is as before afterwards
        yield patch


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    small.shrink(patch, tmp_path_factory.mktemp("configs"))
    small.write_all(folder)
    return folder


def _picture(seed: int = 0, width: int = 160, height: int = 128) -> Picture:
    rgb = small.picture(width, height, seed)
    return Picture(rgb, hashlib.sha256(rgb.tobytes()).hexdigest(), "a red cat")


def _specs(*models: str) -> tuple[MetricSpec, ...]:
    return tuple(small.torch_spec(model) for model in models)


@functools.cache
def _standard(weights: Path, specs: tuple[str, ...]) -> list[Opened]:
    """Scorers of the weights that no test changes, opened once."""
    return [one.open() for one in openings(_specs(*specs), Bench(weights, "cpu"))]


def _score(weights: Path, specs: tuple[MetricSpec, ...], *pictures: Picture) -> list[list[Score]]:
    if weights.name.startswith("weights"):
        opened = _standard(weights, tuple(spec.model for spec in specs))
    else:
        opened = [one.open() for one in openings(specs, Bench(weights, "cpu"))]
    order = [spec for scorer in opened for spec in scorer.specs]
    parts = [scorer.score(pictures) for scorer in opened]
    rows = [[score for part in row for score in part] for row in zip(*parts, strict=True)]
    return [[row[order.index(spec)] for spec in specs] for row in rows]


def _all_raw(row: list[Score]) -> list[float]:
    assert [score.reason for score in row] == [None] * len(row)
    return [score.raw for score in row if score.raw is not None]


def test_every_metric_gives_a_raw_and_a_normalised_value(weights: Path) -> None:
    specs = _specs(*SMALL, *CLIP)
    [row] = _score(weights, specs, _picture())
    assert [(score.metric, score.reason) for score in row] == [(s.name, None) for s in specs]
    assert all(score.normalised is not None and score.ms for score in row)
    folder = WeightsFolder(weights)
    assert [s.weights_sha256 for s in row] == [folder.digest_for(spec) for spec in specs]


def test_a_batch_of_mixed_sizes_gives_what_each_picture_gives_alone(weights: Path) -> None:
    specs = _specs(*SMALL, *CLIP)
    pictures = [_picture(1), _picture(2, 96, 200), _picture(3), _picture(4, 300, 128)]
    together = _score(weights, specs, *pictures)
    for picture, row in zip(pictures, together, strict=True):
        [alone] = _score(weights, specs, picture)
        assert _all_raw(row) == pytest.approx(_all_raw(alone), rel=1e-4, abs=1e-5)


def test_pyiqa_gives_the_same_values_from_the_same_files(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brisque = small.extra("pyiqa.archs.brisque_arch").BRISQUE
    niqe = small.extra("pyiqa.archs.niqe_arch").NIQE
    picture = _picture(5)
    batch = torch.from_numpy(picture.rgb.transpose(2, 0, 1)[None].copy()).float() / 255
    for kind, model in ((brisque, "brisque"), (niqe, "niqe")):
        spec = small.torch_spec(model)
        theirs = kind(pretrained_model_path=str(weights / (spec.weight_file or "")))(batch)
        [[ours]] = _score(weights, (spec,), picture)
        assert ours.raw == pytest.approx(theirs.item(), rel=1e-5)


def test_clip_agrees_with_the_reference_of_open_clip(weights: Path) -> None:
    open_clip = small.extra("open_clip")
    spec = small.torch_spec("clip_adherence")
    model, _, prepare = open_clip.create_model_and_transforms(
        "tiny-clip", pretrained=str(weights / (spec.weight_file or ""))
    )
    picture = _picture(6, 200, 130)
    with torch.no_grad():
        image = model.eval().encode_image(
            prepare(small.Image.fromarray(picture.rgb))[None], normalize=True
        )
        text = model.encode_text(open_clip.get_tokenizer("tiny-clip")(["a red cat"]), True)
    [[ours]] = _score(weights, (spec,), picture)
    assert ours.raw == pytest.approx((image @ text.T).item(), abs=1e-5)


@pytest.mark.parametrize(
    ("rgb", "said"),
    [
        (np.zeros((128, 128, 3), np.uint8), "flat"),
        (np.full((128, 128, 3), 255, np.uint8), "flat"),
        (small.picture(95, 300), "96 pixels a side"),
        (small.picture(8, 8), "pixels a side"),
        (small.picture(1, 1), "pixels a side"),
    ],
    ids=["black", "white", "95x300", "8x8", "1x1"],
)
def test_pictures_that_cannot_be_measured_are_null_with_a_reason(
    weights: Path, rgb: np.ndarray, said: str
) -> None:
    [row] = _score(weights, _specs(*SMALL), Picture(rgb, "0" * 64))
    assert all(score.raw is None and said in (score.reason or "") for score in row)


def test_a_picture_that_a_metric_fails_on_does_not_spoil_its_neighbours(weights: Path) -> None:
    nearly_flat = np.zeros((128, 160, 3), np.uint8)
    nearly_flat[:4, :4] = 200
    pictures = [_picture(1), Picture(nearly_flat, "1" * 64), _picture(2)]
    rows = _score(weights, _specs("niqe", "brisque"), *pictures)
    for good in (rows[0], rows[2]):
        assert all(score.raw is not None for score in good)
    assert all(score.raw is not None or score.reason for score in rows[1])


def test_a_missing_prompt_leaves_adherence_null_and_the_rest_scored(weights: Path) -> None:
    picture = _picture(1)
    without = Picture(picture.rgb, picture.sha256)
    rows = _score(weights, _specs(*CLIP), without, picture)
    assert [score.raw is None for row in rows for score in row] == [False, True, False, False]


def test_missing_weights_are_a_reason_with_file_size_and_licence(tmp_path: Path) -> None:
    specs = _specs("brisque", "niqe", "nima", "topiq_nr", "musiq", "qrealign-mini", *CLIP)
    [row] = _score(tmp_path, specs, _picture())
    for spec, score in zip(specs, row, strict=True):
        assert score.raw is None
        assert (spec.weight_file or "") in (score.reason or "")
        assert "MB" in (score.reason or "")
        assert spec.licence in (score.reason or "")


def _altered(weights: Path, tmp_path: Path, model: str, content: Any) -> Score:
    """The score when a metric's file holds something else, which was listed as it is."""
    spec = small.torch_spec(model)
    small.put(tmp_path, spec, content)
    for needed in needed_by(spec)[1:]:
        (tmp_path / needed.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / needed.file).symlink_to(weights / needed.file)
    small.listed(tmp_path)
    [[score]] = _score(tmp_path, (spec,), _picture())
    return score


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["EVIL"],))


def test_a_pickle_with_code_is_never_run(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIL", str(tmp_path / "evil"))
    score = _altered(weights, tmp_path / "w", "brisque", (_Evil(), torch.rand(3)))
    assert "weights-refused" in (score.reason or "")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("model", ["nima", "topiq_nr", "musiq", "laion_aesthetic"])
@pytest.mark.parametrize("content", [{}, {"params": {}}, {"params": {"x": 1}}, [], "text"])
def test_a_checkpoint_that_does_not_fit_is_refused(
    weights: Path, tmp_path: Path, model: str, content: Any
) -> None:
    score = _altered(weights, tmp_path, model, content)
    assert score.raw is None
    assert "weights-refused" in (score.reason or "")


def test_a_checkpoint_with_one_tensor_too_few_is_refused(weights: Path, tmp_path: Path) -> None:
    tensors = small.head_tensors(64)
    del tensors["layers.7.bias"]
    assert "weights-refused" in (
        _altered(weights, tmp_path, "laion_aesthetic", tensors).reason or ""
    )


@pytest.mark.parametrize("content", [(1, 2), (torch.rand(4), torch.rand(4, 35)), torch.rand(3)])
def test_support_vectors_of_another_shape_are_refused(
    weights: Path, tmp_path: Path, content: Any
) -> None:
    assert "weights-refused" in (_altered(weights, tmp_path, "brisque", content).reason or "")


def test_a_file_changed_after_listing_is_not_read(weights: Path, tmp_path: Path) -> None:
    spec = small.torch_spec("brisque")
    path = small.put(tmp_path, spec, (torch.rand(5), torch.rand(5, 36)))
    small.listed(tmp_path)
    small.put(tmp_path, spec, (torch.rand(6), torch.rand(6, 36)))
    [[score]] = _score(tmp_path, (spec,), _picture())
    assert "is not read" in (score.reason or "")
    path.unlink()


def test_a_model_folder_with_code_is_refused(tmp_path: Path) -> None:
    spec = small.torch_spec("qrealign-mini")
    folder = tmp_path / (spec.weight_file or "")
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "modeling.py").write_text("raise SystemExit")
    small.listed(tmp_path)
    [[score]] = _score(tmp_path, (spec,), _picture())
    assert "modeling.py" in (score.reason or "")


def test_nothing_reaches_for_the_network(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refused(*arguments: object, **_: object) -> None:
        tried.append(repr(arguments))
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    specs = _specs(*SMALL, *CLIP)
    [row] = _score(weights, specs, _picture(9))
    _all_raw(row)
    _score(tmp_path, specs, _picture(9))  # with no file there at all
    assert tried == []


def test_the_environment_keeps_libraries_offline(weights: Path) -> None:
    _score(weights, _specs("piqe"), _picture())
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert Path(os.environ["TORCH_HOME"]) == weights / "torch"


def test_running_out_of_memory_is_said_as_such() -> None:
    for text in (
        "CUDA out of memory. Tried",
        "DefaultCPUAllocator: can't allocate memory",
    ):
        with pytest.raises(MemoryError):
            raise_if_memory(RuntimeError(text))
    raise_if_memory(RuntimeError("something else"))


def test_the_resident_process_serves_torch_and_survives_its_death(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    place = ScoringPlace(tmp_path / "scoring", weights, "cpu", idle_s=60.0)
    specs = _specs("brisque", "piqe", "niqe")
    pictures = [_picture(seed) for seed in range(10)]
    killed: list[int] = []

    def kill(_index: int, _scores: list[Score]) -> None:
        if not killed:
            talk = ResidentProcess(place).converse("[]")
            killed.append(talk.pid)
            talk.close()
            os.kill(talk.pid, signal.SIGKILL)

    files = [small.png(picture.rgb) for picture in pictures]
    with ScoringClient(place, specs) as client:
        there = client.score_images([image_of(data) for data in files], kill)
        again = ResidentProcess(place).converse("[]")
        again.close()
    assert again.pid != killed[0]
    ResidentProcess(place).stop()
    here = _score(weights, specs, *pictures)
    for ours, theirs in zip(there, here, strict=True):
        assert _all_raw(ours) == pytest.approx(_all_raw(theirs), rel=1e-5)
