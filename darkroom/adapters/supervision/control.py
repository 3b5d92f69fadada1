"""Start, look at and end what a keeper keeps, from another process.

Owns the lock between two starters and the cleaning up after a keeper that was killed:
what it left running is said, and ended before anything new starts.
"""

import os
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from darkroom.adapters.processes import held_lock, spawn, started_at
from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.supervision.ending import POLITE_S, end
from darkroom.adapters.supervision.plan import Plan
from darkroom.adapters.supervision.state import PartState, Process, State, read_state
from darkroom.core.errors import OutsideError

START_WITHIN_S = 300.0
_LOCK_WITHIN_S = 30.0
_STOP_WITHIN_S = 90.0
_EVERY_S = 0.1


def up(
    folder: Path,
    home: Path,
    plan: Plan,
    on_change: Callable[[PartState], None],
    within_s: float = START_WITHIN_S,
    check: Callable[[], None] = lambda: None,
) -> State:
    """Start what is not running, in `home`, and wait until every part works.

    What runs already is left as it is, and so is its plan. `check` may refuse a start, once
    what an earlier keeper left is gone.
    """
    with local_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with held_lock(folder / "lock", time.monotonic() + _LOCK_WITHIN_S, lambda: _busy(folder)):
            state = status(folder)
            if state is None:
                _clean(folder, on_change, {part.name for part in plan.parts if part.is_outlived})
                check()
                plan.write(folder)
                _spawn_keeper(folder, home)
    return _awaited(folder, on_change, within_s)


def status(folder: Path) -> State | None:
    """What is kept now; None where nobody keeps anything."""
    state = read_state(folder)
    return state if state is not None and state.lives else None


def left(folder: Path) -> State | None:
    """What a keeper that was killed left at work; None where it left nothing, or still lives."""
    state = read_state(folder)
    if state is None or state.lives:
        return None
    parts = [part for part in state.parts.values() if part.process and part.process.group]
    said = {part.name: replace(part, condition="left", message="") for part in parts}
    return State(state.keeper, said) if said else None


def down(folder: Path) -> bool:
    """End everything; says whether there was anything."""
    state = read_state(folder)
    if state is None:
        return False
    was_up = state.lives
    end(state.keeper, _STOP_WITHIN_S)
    return _clean(folder) or was_up


def _clean(
    folder: Path,
    on_change: Callable[[PartState], None] = lambda _part: None,
    unasked: Collection[str] = (),
) -> bool:
    """End what a killed keeper left behind; says whether there was any of it."""
    found = left(folder)
    for part in reversed([*found.parts.values()] if found else []):
        if part.process is not None:
            end(part.process, 0.0 if part.name in unasked else POLITE_S)
        message = "the keeper that had started it was killed"
        on_change(replace(part, condition="stopped", process=None, message=message))
    (folder / "state.json").unlink(missing_ok=True)
    return found is not None


def _spawn_keeper(folder: Path, home: Path) -> None:
    command = [sys.executable, "-P", "-m", "darkroom.adapters.supervision", str(folder), str(home)]
    pid = spawn(command, folder / "keeper.log", os.environ)
    # written while the lock is held, so that two starters never start two
    State(Process(pid, started_at(pid) or "")).write_first(folder)


def _awaited(folder: Path, on_change: Callable[[PartState], None], within_s: float) -> State:
    deadline, told = time.monotonic() + within_s, dict[str, tuple[str, str]]()
    while True:
        state = status(folder)
        if state is None:
            raise _not_up(folder, "whoever keeps the parts has ended")
        for part in state.parts.values():
            if told.get(part.name) != (part.condition, part.message):
                told[part.name] = (part.condition, part.message)
                on_change(part)
        if state.parts and state.is_up:
            return state
        if time.monotonic() > deadline:
            missing = [p for p in state.parts.values() if p.condition not in {"healthy", "done"}]
            raise _not_up(
                folder, "; ".join(f"{p.name}: {p.message or p.condition}" for p in missing)
            )
        time.sleep(_EVERY_S)


def _busy(folder: Path) -> OutsideError:
    return OutsideError(
        "laboratory-busy", "another command is starting it for too long", where=str(folder)
    )


def _not_up(folder: Path, why: str) -> OutsideError:
    return OutsideError("laboratory-not-up", f"not everything runs: {why}", where=str(folder))
