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


def keep(engine: EngineProcess) -> int:
    """Start or find it, then watch; ends when it ends, or ends it when asked to end."""
    engine.start()
    while engine.status() is not None:
        time.sleep(_EVERY_S)
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
