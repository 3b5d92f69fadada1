"""Wait in a test for what another thread or process is about to do.

The bound decides nothing about speed: it only lets a test fail for which it never comes.
"""

import time
from collections.abc import Callable

_WITHIN_S = 60.0
_EVERY_S = 0.005


def until(holds: Callable[[], object]) -> None:
    """Return as soon as it holds."""
    ends_at = time.monotonic() + _WITHIN_S
    while not holds():
        assert time.monotonic() < ends_at, "what was waited for did not come"
        time.sleep(_EVERY_S)
