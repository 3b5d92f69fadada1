"""Finding the resident scoring process of a device, or starting it.

Owns the way from a place to an open conversation. The process itself makes sure that
it is the only one; so whoever finds nobody listening just starts one and looks again.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.processes import exit_code_of, has_ended, spawn, started_at
from darkroom.adapters.scorers.resident_frames import PROTOCOL, Broken, receive, send
from darkroom.adapters.scorers.resident_place import ScoringPlace, marks_of, socket_path
from darkroom.core.errors import OutsideError

START_WITHIN_S = 60.0
MAX_STARTS = 5
"""So many may fail; one that ends because another has the device, or is still ending, did not."""
SILENT_S = 120.0
"""The process says at least every few seconds that it lives; longer silence is death."""
_EVERY_S = 0.02
_LOG_BYTES = 4_000_000
_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
_ENV = "/usr/bin/env"
_SETTINGS = {
    # one heap that keeps what it has: torch asks for tens of megabytes and gives them back
    # hundreds of times per picture, and fetching them from the system anew cost more than
    # half of the time
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    # threads that wait sleep; by default they spin, which starves their neighbours
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Read when a process begins, so they are set for it and not in it."""


@dataclass
class _Child:
    """A process we started, until it is known to have ended."""

    pid: int
    began: str | None

    def ended(self) -> bool:
        return self.began is None or has_ended(self.pid, self.began)

    def failed(self) -> bool:
        """Whether it ended otherwise than in peace; asked once."""
        return exit_code_of(self.pid) != 0


class Conversation:
    """An open connection to the process, after its greeting."""

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.sock = sock
        self.pid = pid
        self._began = started_at(pid)

    def kill(self) -> None:
        """End a process that hangs; only the very one that greeted us."""
        if self._began is not None and not has_ended(self.pid, self._began):
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Hang up."""
        self.sock.close()


class ResidentProcess:
    """The process of one device, wherever it came from."""

    def __init__(self, place: ScoringPlace) -> None:
        self._place = place
        self._child: _Child | None = None

    def converse(self, specs_json: str, within_s: float = START_WITHIN_S) -> Conversation:
        """A conversation about some metrics; starts the process where there is none."""
        deadline = time.monotonic() + within_s
        starts = failed = 0
        while time.monotonic() < deadline:
            found = self._reached()
            if found is not None and (talk := self._greeted(found, specs_json)):
                return talk
            if found is None and (self._child is None or self._child.ended()):
                failed += bool(starts and self._child and self._child.failed())
                if failed == MAX_STARTS:
                    raise self._not_started(f"ended {failed} times")
                starts += 1
                self._child = self._started()
            time.sleep(_EVERY_S * min(starts + 1, 10))
        raise self._not_started(f"did not answer within {within_s:g} s")

    def _not_started(self, what: str) -> OutsideError:
        self._child = None
        message = f"the scoring process {what}{last_words(self._place)}"
        return OutsideError("scoring-not-started", message, where=str(self._place.log))

    def stop(self, within_s: float = 10.0) -> bool:
        """End the process if there is one; says whether there was."""
        found = self._reached()
        if found is None:
            return False
        with found, contextlib.suppress(Broken):
            send(found, {"op": "stop"})
            found.settimeout(within_s)
            while True:
                receive(found)
        self._wait_until_unreachable(time.monotonic() + within_s)
        return True

    def _wait_until_unreachable(self, deadline: float) -> None:
        """It hangs up on us a moment before it stops listening to others."""
        while time.monotonic() < deadline and (left := self._reached()) is not None:
            left.close()
            time.sleep(_EVERY_S)

    def _reached(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(SILENT_S)
            sock.connect(str(socket_path(self._place.folder, self._place.name)))
        except OSError:
            sock.close()
            return None
        return sock

    def _greeted(self, sock: socket.socket, specs_json: str) -> Conversation | None:
        """The conversation, or None where an outdated process was asked to end."""
        place = self._place
        try:
            send(sock, {"op": "hello", "specs": specs_json})
            answer = receive(sock)
            while answer["op"] == "alive":
                answer = receive(sock)
            if answer.get("protocol") == PROTOCOL and answer["marks"] == marks_of(
                place.weights, place.device, place.scorers
            ):
                return Conversation(sock, int(answer["pid"]))
            send(sock, {"op": "stop"})
        except Broken:
            pass  # it ends itself, or died; the next look starts another
        sock.close()
        return None

    def _started(self) -> _Child:
        place = self._place
        try:
            place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if place.log.exists() and place.log.stat().st_size > _LOG_BYTES:
                place.log.replace(place.log.with_suffix(".log.1"))
            pid = spawn(_command(place), place.log)
        except OSError as exc:
            message = f"the scoring process cannot be started: {exc.strerror}"
            raise OutsideError("scoring-not-started", message, where=str(place.log)) from exc
        return _Child(pid, started_at(pid))


def _command(place: ScoringPlace) -> list[str]:
    settings = [f"{name}={value}" for name, value in _SETTINGS.items()]
    settings += [f"{name}={os.environ[name]}" for name in _PASSED_ON if name in os.environ]
    module = ["-P", "-m", "darkroom.adapters.scorers.resident_main"]
    options = {
        "folder": place.folder.resolve(),
        "name": place.name,
        "weights": place.weights.resolve(),
        "device": place.device,
        "idle-s": place.idle_s,
        "scorers": place.scorers,
    }
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return [_ENV, *settings, sys.executable, *module, *flags]


def last_words(place: ScoringPlace) -> str:
    """The last line the process printed, as the end of a sentence."""
    try:
        lines = Path(place.log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return f": {lines[-1][:300]}" if lines else ""
