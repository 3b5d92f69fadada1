"""A worker that ends a run says so by SIGTERM; drawing hears it as it hears Ctrl-C.

Owns the translation there and back: what draws takes its jobs off the servers first, and
then Prefect learns that the run was ended. Only the main thread hears signals.
"""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

from prefect.exceptions import TerminationSignal

from darkroom.core.errors import Interrupted


@contextmanager
def called_back() -> Generator[None]:
    """Have SIGTERM interrupt what is within, and end the flow run when that is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []

    def interrupt(number: int, _frame: object) -> NoReturn:
        heard.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as exc:
        if not heard:
            raise  # a person's Ctrl-C
        raise TerminationSignal(signal=signal.SIGTERM) from exc
    finally:
        signal.signal(signal.SIGTERM, before)
