"""logs/app.log of a project: one line per event of its runs, secrets masked.

Owns the handler while a run is open. The lines are those of `telling`; nothing else
is logged, and nothing of it reaches the terminal.
"""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from darkroom.adapters.confined import is_inside
from darkroom.adapters.redaction import protect
from darkroom.adapters.stores.durable import local_errors, unsafe_path
from darkroom.runs.telling import LOGGER

FILE = "logs/app.log"


@contextmanager
def app_log(folder: Path, secrets: tuple[SecretStr, ...]) -> Generator[None]:
    """Append to the project's log for as long as this is open."""
    path = folder / FILE
    with local_errors(str(path)):
        if not is_inside(path, [folder]):
            raise unsafe_path(str(path))
        path.parent.mkdir(exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s")
    form.converter, form.datefmt = time.gmtime, "%Y-%m-%dT%H:%M:%S"
    handler.setFormatter(form)
    protect(handler, secrets)
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # else a scheduler's own handlers would repeat every line
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
