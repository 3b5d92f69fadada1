"""What was configured since the laboratory was set up: `darkroom up` takes it over while it runs.

Owns when that is needed, and doing it. Nothing is started or ended: limits, blocks,
deployments and automations are what `flows.set_up` makes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from darkroom.adapters.settings import FILE, user_file
from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.supervision import State
from darkroom.adapters.supervision.control import START_WITHIN_S
from darkroom.core.errors import OutsideError

SET_UP = "set-up"
COMMAND = (sys.executable, "-P", "-m", "flows.set_up")
_DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
_STAMP = "set-up.done"


def is_outdated(home: Path, folder: Path, state: State) -> bool:
    """Whether a file of ours was changed after the last set-up began."""
    part = state.parts.get(SET_UP)
    if part is None or part.began_at is None:
        return False
    done_at = max(part.began_at, _changed_at(folder / _STAMP))
    files = (home / ".env", home / FILE, user_file(os.environ), _DEPLOYMENTS)
    return any(_changed_at(file) > done_at for file in files)


def set_up_again(home: Path, folder: Path, knows: Mapping[str, str]) -> None:
    """Run it once more, and remember that."""
    log = folder / f"{SET_UP}.log"
    with local_errors(str(folder)):
        stamp = folder / f"{_STAMP}.part"
        stamp.touch(mode=0o600)  # before: what is changed meanwhile counts the next time
        with log.open("ab") as stream:
            failure = _failure(home, {**os.environ, **knows}, stream)
        if failure:
            message = f"what was changed could not be taken over: set-up {failure}"
            raise OutsideError("laboratory-not-up", message, where=str(log))
        stamp.replace(folder / _STAMP)


def _failure(home: Path, environ: Mapping[str, str], log: BinaryIO) -> str:
    """What went wrong with a set-up; empty where nothing did."""
    try:
        ended = subprocess.run(
            COMMAND,
            check=False,
            cwd=home,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=START_WITHIN_S,
        ).returncode
    except subprocess.TimeoutExpired:
        return f"was not ready within {START_WITHIN_S:.0f} s"
    return f"ended with {ended}" if ended else ""


def _changed_at(file: Path) -> float:
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0
