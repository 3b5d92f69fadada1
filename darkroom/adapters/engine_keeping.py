"""Keep the embedded engine running for as long as this process runs.

For a laboratory that keeps processes (`python -m darkroom.adapters.engine_keeping`). The
engine itself stays the one of `engine_process`, so that every command finds it.
"""

import signal
import sys
import time
from types import FrameType

from darkroom.adapters.engine_process import EngineProcess, engine_of
from darkroom.adapters.settings import open_lab

_EVERY_S = 1.0
_STALLED_AFTER = 12
"""Unanswered questions in a row, half a minute: one that answers late may be drawing."""


def keep(engine: EngineProcess) -> int:
    """Start or find it, then watch; ends when it ends, or ends it when asked to end."""
    engine.start()
    unanswered = 0
    while engine.lives and unanswered < _STALLED_AFTER:
        time.sleep(_EVERY_S)
        unanswered = 0 if engine.status() is not None else unanswered + 1
    return 1


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> int:
    """Until SIGTERM."""
    engine = engine_of(open_lab())
    signal.signal(signal.SIGTERM, _stop)
    try:
        return keep(engine)
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main())
