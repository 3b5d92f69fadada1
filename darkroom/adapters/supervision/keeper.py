"""The process that keeps the parts: starts them in order, restarts what dies, ends all of them.

Owns the loop. Runs apart from the command that started it (`python -m
darkroom.adapters.supervision FOLDER`) and ends on SIGTERM. It never gives up on a part:
it waits longer before each try and says in the state why the last one failed.
"""

import os
import re
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import requests

from darkroom.adapters.processes import environment, exit_code_of, spawn, started_at
from darkroom.adapters.supervision.ending import end
from darkroom.adapters.supervision.plan import Part, Plan
from darkroom.adapters.supervision.state import PartState, Process, State

_EVERY_S = 0.2
_ASK_WITHIN_S = 5.0
_ASK_EVERY_S = 5.0
_STALLED_AFTER = 12  # unanswered questions in a row, a minute: slow on a busy machine is not dead
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0  # so long alive, and earlier failures are forgotten
_LOG_BYTES = 8 * 1024 * 1024
_LAST_WORDS = 300
_PASSING = re.compile(r"[\d:.]+ \| (DEBUG|INFO|WARNING) ")
"""What Prefect logs while it ends says nothing of why."""


@dataclass
class _Kept:
    """One part and how it fares."""

    part: Part
    log: Path
    process: Process | None = None
    began_s: float = 0.0
    began_at: float | None = None
    """The same by the clock of the wall, for others to compare with."""
    is_healthy: bool = False
    is_done: bool = False
    failures: int = 0
    restarts: int = 0
    next_try_s: float = 0.0
    unanswered: int = 0
    ask_next_s: float = 0.0
    message: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether what comes after it may start."""
        return self.is_done if self.part.once else self.is_healthy


class Keeper:
    """Keeps the parts of one plan until it is told to stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = [_Kept(part, folder / f"{part.name}.log") for part in Plan.read(folder).parts]
        self._me = Process(os.getpid(), started_at(os.getpid()) or "")
        self._written: State | None = None
        self._stopping = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # no terminal of ours can close
        try:
            while not self._stopping:
                self._round()
                self._write()
                time.sleep(_EVERY_S)
        finally:
            for kept in reversed(self._kept):
                if kept.process is not None:
                    end(kept.process)
            self._write(ended=True)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _round(self) -> None:
        for kept in self._kept:
            self._tend(kept, time.monotonic())
            if not kept.is_ready and kept.restarts == 0:
                return  # what comes after it waits for its first success

    def _tend(self, kept: _Kept, now_s: float) -> None:
        if kept.is_done:
            return
        if kept.process is None:
            if now_s >= kept.next_try_s:
                self._start(kept, now_s)
        elif not kept.process.lives:
            self._ended(kept, now_s)
        elif now_s >= kept.ask_next_s:
            _shorten(kept.log)
            self._ask(kept, now_s)

    def _start(self, kept: _Kept, now_s: float) -> None:
        _shorten(kept.log)
        part = kept.part
        known = os.environ if part.is_trusted else environment()
        began_at = time.time()  # before: what it does comes later
        try:
            pid = spawn(list(part.command), kept.log, {**known, **part.environment})
        except OSError as error:
            self._failed(kept, now_s, f"cannot be started: {error.strerror}")
            return
        kept.process, kept.began_at = Process(pid, started_at(pid) or ""), began_at
        kept.began_s, kept.unanswered, kept.ask_next_s = now_s, 0, now_s
        kept.is_healthy = part.health_url is None and not part.once
        self._write()  # at once: killed now, it must be known what it leaves

    def _ended(self, kept: _Kept, now_s: float) -> None:
        assert kept.process is not None
        code = exit_code_of(kept.process.pid)
        end(kept.process)  # what it started goes with it
        if kept.part.once and code == 0:
            kept.process, kept.is_done, kept.message = None, True, ""
            return
        self._failed(kept, now_s, f"ended ({'unknown' if code is None else code})")

    def _failed(self, kept: _Kept, now_s: float, why: str) -> None:
        steady = kept.process is not None and now_s - kept.began_s > _STEADY_AFTER_S
        kept.failures = 1 if steady else kept.failures + 1
        kept.restarts += kept.is_healthy or kept.restarts > 0
        kept.process, kept.is_healthy = None, False
        kept.next_try_s = now_s + min(_LONGEST_PAUSE_S, 0.5 * 2 ** min(kept.failures, 10))
        kept.message = f"{why}{_last_words(kept.log)}"

    def _ask(self, kept: _Kept, now_s: float) -> None:
        url = kept.part.health_url
        is_starting = url is not None and not kept.is_healthy
        kept.ask_next_s = now_s if is_starting else now_s + _ASK_EVERY_S
        if url is None:
            return
        if _answers(url):
            kept.is_healthy, kept.unanswered, kept.message = True, 0, ""
            kept.ask_next_s = now_s + _ASK_EVERY_S
            return
        if not kept.is_healthy:
            self._still_starting(kept, now_s)
            return
        kept.unanswered += 1
        if kept.unanswered >= _STALLED_AFTER:
            self._replace(kept, now_s, f"did not answer {url}")

    def _still_starting(self, kept: _Kept, now_s: float) -> None:
        if now_s - kept.began_s > kept.part.starts_within_s:
            self._replace(kept, now_s, f"was not ready after {kept.part.starts_within_s:.0f} s")

    def _replace(self, kept: _Kept, now_s: float, why: str) -> None:
        assert kept.process is not None
        end(kept.process)
        self._failed(kept, now_s, why)

    def _write(self, *, ended: bool = False) -> None:
        parts = {kept.part.name: _seen(kept, ended=ended) for kept in self._kept}
        state = State(self._me, parts)
        if state != self._written:
            with suppress(OSError):  # a full disk ends nothing that works: tried again
                state.write(self._folder)
                self._written = state


def _seen(kept: _Kept, *, ended: bool) -> PartState:
    state = PartState(
        kept.part.name,
        "waiting",
        kept.process,
        kept.restarts,
        kept.part.address,
        str(kept.log),
        kept.message,
        kept.began_at,
    )
    if ended:
        return replace(state, condition="stopped", process=None)
    if kept.is_done:
        return replace(state, condition="done")
    if kept.is_healthy:
        return replace(state, condition="healthy")
    if kept.failures:
        return replace(state, condition="restarting")
    return replace(state, condition="starting" if kept.process else "waiting")


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # a proxy must not stand between us and loopback
        try:
            return session.get(url, timeout=_ASK_WITHIN_S).ok
        except requests.RequestException:
            return False


def _shorten(log: Path) -> None:
    """Begin a log anew that has grown long; whoever appends to it goes on, and one is kept."""
    with suppress(OSError):
        if log.stat().st_size <= _LOG_BYTES:
            return
        with suppress(OSError):  # no room for what was said is no reason to take more
            shutil.copy(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    every = [line.strip() for line in lines if line.strip()]
    said = next((line for line in reversed(every) if not _PASSING.match(line)), "")
    return f": {said[:_LAST_WORDS]}" if said else ""
