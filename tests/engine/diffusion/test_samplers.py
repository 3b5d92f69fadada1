import numpy as np
import pytest

from darkroom.engine.diffusion.noise_levels import full_schedule
from darkroom.engine.diffusion.samplers import SAMPLERS, Walk, walk_down

SPREAD = 0.5


def exact(x, sigma):
    """The best estimate where every pixel is normal with this spread."""
    return x * np.float32(SPREAD**2 / (SPREAD**2 + sigma**2))


def drawn(sampler, steps=40, on_step=None):
    rng = np.random.default_rng(3)
    levels = full_schedule(steps, "karras")
    start = rng.standard_normal((4, 3, 32, 32), np.float32) * np.float32(levels[0])
    return walk_down(sampler, start, levels, Walk(exact, rng), on_step)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_perfect_denoiser_gives_back_the_distribution(sampler):
    result = drawn(sampler)
    assert abs(float(result.mean())) < 0.03
    assert float(result.std()) == pytest.approx(SPREAD, rel=0.12)


def test_higher_order_comes_nearer_with_few_steps():
    reference = drawn("heun", 200)
    errors = {name: float(np.abs(drawn(name, 10) - reference).mean()) for name in SAMPLERS}
    assert errors["heun"] < errors["euler"]
    assert errors["dpmpp_2m"] < errors["euler"]


def test_ancestral_steps_add_their_own_chance():
    assert not np.allclose(drawn("euler"), drawn("euler_ancestral"))
    assert np.array_equal(drawn("euler_ancestral"), drawn("euler_ancestral"))


def test_every_step_is_reported_with_an_estimate():
    heard = []
    drawn("euler", 5, lambda step, total, seen: heard.append((step, total, seen.shape)))
    assert heard == [(step, 5, (4, 3, 32, 32)) for step in range(1, 6)]


def test_a_listener_that_raises_stops_the_walk():
    def stop(step, total, seen):
        if step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        drawn("euler", 5, stop)
