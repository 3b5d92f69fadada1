import numpy as np
import pytest

from darkroom.engine.diffusion.latents import averaging, empty, encode_pixels


@pytest.mark.parametrize("before", [20, 32, 128, 100])
def test_each_row_of_the_averaging_sums_to_one(before):
    assert averaging(before, 32).sum(1) == pytest.approx(np.ones(32))


def test_whole_factors_average_blocks():
    pixels = np.random.default_rng(0).random((1, 128, 128, 3), np.float32)
    blocks = pixels.reshape(1, 32, 4, 32, 4, 3).mean((2, 4)).transpose(0, 3, 1, 2)
    assert encode_pixels(pixels) == pytest.approx(blocks * 2 - 1, abs=1e-5)


def test_any_size_becomes_one_latent_size():
    assert encode_pixels(np.zeros((2, 77, 200, 3), np.float32)).shape == empty(2).shape
