"""The same pixels give the same bytes, and smaller copies keep their shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from darkroom.adapters.image_encoding import encode_png, limit, thumbnail
from darkroom.adapters.images import decode
from darkroom.adapters.png_text import read_png_text
from darkroom.core.errors import ImageRefused
from tests.fakes.image_files import exif, gradient, jpeg, png

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))


@settings(deadline=None)
@given(arrays.arrays(np.uint8, SHAPES))
def test_pixels_come_back_as_they_were(pixels: np.ndarray) -> None:
    data = encode_png(pixels)
    assert data == encode_png(pixels.copy())
    assert np.array_equal(decode(data).rgb(), pixels)


def test_grey_and_layered_pixels_can_be_written() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(decode(encode_png(grey)).rgb()[:, :, 0], grey)
    assert decode(encode_png(np.zeros((2, 2, 4), np.uint8))).background is not None


def test_texts_are_written_in_one_order_whatever_order_they_came_in() -> None:
    one = encode_png(gradient(), {"a": "1", "b": "ünï\N{SNOWMAN}"})
    assert one == encode_png(gradient(), {"b": "ünï\N{SNOWMAN}", "a": "1"})
    assert read_png_text(one).texts == {"a": "1", "b": "ünï\N{SNOWMAN}"}


def test_half_a_surrogate_pair_is_written_as_a_question_mark() -> None:
    assert read_png_text(encode_png(gradient(), {"k": "a\ud800"})).texts == {"k": "a?"}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2, 3), np.float32),
        np.zeros((2, 2, 2), np.uint8),
        np.zeros((2,), np.uint8),
        np.zeros((0, 2, 3), np.uint8),
        np.zeros((1, 2, 2, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageRefused) as caught:
        encode_png(array)
    assert caught.value.code == "image-array"


@pytest.mark.parametrize("keyword", ["", " a", "a" * 80, "a\nb", "ü"])
def test_what_cannot_name_a_text_is_refused(keyword: str) -> None:
    with pytest.raises(ImageRefused) as caught:
        encode_png(gradient(), {keyword: "x"})
    assert caught.value.code == "image-text-name"


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(ImageRefused) as caught:
        encode_png(gradient(), {"k": "x" * 1_000_001})
    assert caught.value.code == "image-text-too-large"


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [((400, 100), 200, (200, 50)), ((100, 50), 200, (100, 50)), ((300, 1), 10, (10, 1))],
)
def test_no_side_is_longer_than_the_limit_and_the_shape_stays(
    size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    image = decode(limit(png(*size), side))
    assert (image.width, image.height, image.mime) == (*expected, "image/png")


def test_a_limited_copy_is_upright_and_says_nothing() -> None:
    copy = limit(jpeg(exif=exif(6, make="canary")), 1024)
    assert (decode(copy).width, decode(copy).height) == (16, 24)
    assert b"canary" not in copy
    assert read_png_text(copy).texts == {}


def test_a_thumbnail_is_small() -> None:
    assert decode(thumbnail(png(800, 400))).width == 256
