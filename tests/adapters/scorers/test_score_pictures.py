"""From bytes to a picture that can be scored: bad images give reasons, never scores."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.scorers.pictures import decode
from darkroom.adapters.scorers.protocol import Picture, Unscorable, capped, why_not
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.scoring.metrics import MetricSpec

RGB = np.random.default_rng(3).integers(0, 256, (120, 160, 3)).astype(np.uint8)


def _file(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def _decoded(data: bytes) -> Picture:
    found = decode(data)
    assert isinstance(found, Picture)
    return found


def _spec(name: str) -> MetricSpec:
    found = metric_table().find(name, "lite")
    assert found is not None
    return found


def test_a_picture_carries_its_pixels_its_hash_and_its_prompt() -> None:
    found = decode(_file(Image.fromarray(RGB)), "a cat")
    assert isinstance(found, Picture)
    assert np.array_equal(found.rgb, RGB)
    assert len(found.sha256) == 64
    assert found.prompt == "a cat"


def test_16_bits_are_divided_and_not_cut_off() -> None:
    deep = (RGB[..., 0].astype(np.uint16) * 257).astype(np.uint16)
    found = _decoded(_file(Image.fromarray(deep)))
    assert np.array_equal(found.rgb[..., 0], RGB[..., 0])


def test_hidden_pixels_are_not_scored() -> None:
    layered = np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])
    found = _decoded(_file(Image.fromarray(layered)))
    assert np.ptp(found.rgb) == 0
    assert any("transparent" in note for note in found.notes)


def test_a_turned_photograph_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = _decoded(_file(Image.fromarray(RGB), "JPEG", exif=exif))
    assert found.rgb.shape == (160, 120, 3)


@pytest.mark.parametrize("data", [b"", b"GIF89a....", _file(Image.fromarray(RGB))[:-40], b"{}"])
def test_bytes_that_are_no_picture_give_a_reason(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = decode(data)
    assert isinstance(found, Unscorable)
    assert found.reason.startswith("image-")


@pytest.mark.parametrize(
    ("rgb", "said"),
    [
        (RGB[:95], "needs 96 pixels a side"),
        (RGB[:1, :1], "needs 96 pixels a side"),
        (np.full((128, 128, 3), 120, np.uint8), "flat"),
        (np.zeros((128, 128, 3), np.uint8), "flat"),
    ],
)
def test_a_picture_with_nothing_to_measure_is_not_measured(rgb: np.ndarray, said: str) -> None:
    assert said in (why_not(_spec("lite_technical"), Picture(rgb, "0" * 64)) or "")


def test_a_picture_with_one_bright_pixel_is_not_flat() -> None:
    rgb = np.zeros((128, 128, 3), np.uint8)
    rgb[3, 3] = 255
    assert why_not(_spec("lite_technical"), Picture(rgb, "0" * 64)) is None


@pytest.mark.parametrize("prompt", [None, "", "  "])
def test_adherence_needs_a_prompt(prompt: str | None) -> None:
    found = why_not(_spec("shapeworld_adherence"), Picture(RGB, "0" * 64, prompt))
    assert "needs a prompt" in (found or "")


def test_a_flat_picture_can_still_be_held_against_its_prompt() -> None:
    flat = Picture(np.zeros((128, 128, 3), np.uint8), "0" * 64, "a circle")
    assert why_not(_spec("shapeworld_adherence"), flat) is None


@pytest.mark.parametrize(
    ("long_side", "shape"), [(None, (120, 160, 3)), (160, (120, 160, 3)), (80, (60, 80, 3))]
)
def test_a_picture_is_scaled_down_to_its_cap_and_never_up(
    long_side: int | None, shape: tuple[int, ...]
) -> None:
    assert capped(RGB, long_side).shape == shape


def test_a_sliver_keeps_a_pixel_when_it_is_scaled_down() -> None:
    assert capped(np.zeros((2, 4000, 3), np.uint8), 1000).shape == (1, 1000, 3)
