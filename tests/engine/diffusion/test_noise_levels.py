import numpy as np
import pytest

from darkroom.engine.diffusion.noise_levels import SCHEDULERS, full_schedule, schedule, window


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 2, 16, 50])
def test_levels_fall_to_zero(scheduler, steps):
    levels = full_schedule(steps, scheduler)
    assert len(levels) == steps + 1
    assert levels[-1] == 0
    assert (np.diff(levels) < 0).all()


def test_the_schedulers_differ():
    rows = {tuple(full_schedule(8, scheduler)) for scheduler in SCHEDULERS}
    assert len(rows) == len(SCHEDULERS)


def test_denoise_starts_lower_and_keeps_the_number_of_steps():
    levels = schedule(10, "karras", 0.5)
    assert len(levels) == 11
    assert levels[0] == full_schedule(20, "karras")[10]


def test_no_denoise_is_no_step():
    assert len(schedule(10, "normal", 0.0)) == 0


@pytest.mark.parametrize(
    ("start", "end", "keep", "expected"),
    [
        (0, None, False, [4, 3, 2, 1, 0]),
        (2, None, False, [2, 1, 0]),
        (0, 2, True, [4, 3, 2]),
        (0, 2, False, [4, 3, 0]),
        (3, 2, True, [2]),
        (0, 99, False, [4, 3, 2, 1, 0]),
    ],
)
def test_a_window_is_cut_as_the_advanced_sampler_asks(start, end, keep, expected):
    levels = np.array([4.0, 3.0, 2.0, 1.0, 0.0])
    assert window(levels, start, end, keep).tolist() == expected


def test_an_unknown_scheduler_is_named():
    with pytest.raises(ValueError, match="sgm"):
        full_schedule(4, "sgm")
