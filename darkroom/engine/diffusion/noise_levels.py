"""Which noise levels a sampler visits.

Owns the schedules and how `denoise`, `start_step` and `end_step` cut them, with
the meaning they have in ComfyUI. A level is sigma: picture + sigma * noise.
"""

import numpy as np
from numpy.typing import NDArray

SCHEDULERS = ("normal", "karras", "simple")

_HIGHEST = 60.0
_LOWEST = 0.03
_TABLE_LENGTH = 1000  # "simple" walks a table of this many levels in equal strides
_KARRAS_POWER = 7.0


def _share(sigma: float) -> float:
    return sigma / (1 + sigma)


def _levels_between(low: float, high: float, count: int) -> NDArray[np.float64]:
    """Levels whose share of noise in the mix falls evenly from high to low."""
    shares = np.linspace(_share(high), _share(low), count)
    return shares / (1 - shares)


def full_schedule(steps: int, scheduler: str) -> NDArray[np.float64]:
    """`steps` falling levels and a final zero."""
    match scheduler:
        case "karras":
            ramp = np.linspace(0, 1, steps)
            ends = _HIGHEST ** (1 / _KARRAS_POWER), _LOWEST ** (1 / _KARRAS_POWER)
            levels = (ends[0] + ramp * (ends[1] - ends[0])) ** _KARRAS_POWER
        case "normal":
            levels = _levels_between(_LOWEST, _HIGHEST, steps)
        case "simple":
            table = _levels_between(_LOWEST, _HIGHEST, _TABLE_LENGTH)
            levels = table[[int(at * _TABLE_LENGTH / steps) for at in range(steps)]]
        case _:
            raise ValueError(f"no scheduler named {scheduler!r}; there are {SCHEDULERS}")
    return np.append(levels, 0.0)


def schedule(steps: int, scheduler: str, denoise: float) -> NDArray[np.float64]:
    """The last `steps` steps of a schedule long enough that they are this share of it."""
    if denoise <= 0:
        return np.zeros(0)
    whole = steps if denoise >= 1 else int(steps / denoise)
    return full_schedule(whole, scheduler)[-(steps + 1) :]


def window(
    levels: NDArray[np.float64], start: int, end: int | None, keep_noise: bool
) -> NDArray[np.float64]:
    """The levels from one step to another; unless noise is to be kept, ending at zero."""
    last = len(levels) - 1 if end is None else min(end, len(levels) - 1)
    cut = levels[min(start, last) : last + 1].copy()
    if last < len(levels) - 1 and not keep_noise and len(cut) > 1:
        cut[-1] = 0.0
    return cut
