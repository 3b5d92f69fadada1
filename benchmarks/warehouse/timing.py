"""How long something takes: the median and the spread of several goes."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Took:
    """Milliseconds."""

    median: float
    worst: float


def took(action: Callable[[], object], times: int = 11) -> Took:
    """Do it so many times; a go before, which warms caches, counts only where it is the one."""
    found: list[float] = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        action()
        found.append((time.perf_counter() - begin) * 1000)
    counted = found[1:] or found
    return Took(statistics.median(counted), max(counted))


def seconds(action: Callable[[], object]) -> float:
    """Do it once."""
    return spent(action).wall_s


@dataclass(frozen=True)
class Spent:
    """What one go took: by the clock, and of the processors."""

    wall_s: float
    cpu_s: float


def spent(action: Callable[[], object]) -> Spent:
    """Do it once; processor time stays comparable where other work runs beside."""
    begin, cpu = time.perf_counter(), _cpu_s()
    action()
    return Spent(time.perf_counter() - begin, _cpu_s() - cpu)


def _cpu_s() -> float:
    """Of this process and of those it started and saw end."""
    return sum(os.times()[:4])
