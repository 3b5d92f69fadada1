"""The embedded engine as a process of this machine: start it, find it, stop it.

Owns `.darkroom/engine/`: who runs (`engine.json`), where it listens (`address.json`,
written by the engine), its log, a lock between starters, and its files. Stops only a
process it can prove to be the one it started. What the engine answers is the
business of the ComfyUI client.
"""

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import requests

from darkroom.adapters import engine_users
from darkroom.adapters.processes import has_ended, held_lock, may_listen, spawn, started_at
from darkroom.adapters.settings import Lab
from darkroom.core.errors import ComfyError, ComfyUnreachable, UsageError

FOLDER = ".darkroom/engine"
"""Below the folder of darkroom.yaml."""
START_WITHIN_S = 30.0
STOP_WITHIN_S = 5.0
_ASK_WITHIN_S = 2.0
_EVERY_S = 0.02
_PORT_WITHIN_S = 1.0
_PORTS = 65536
_LOG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class RunningEngine:
    """An engine process that was found."""

    pid: int
    port: int
    url: str
    version: str
    log: str
    """Its log file."""
    started: bool = False
    """Whether this very call started it."""


@dataclass(frozen=True)
class _Record:
    """What was started: process id, the moment it began, and the name given to it."""

    pid: int
    began: str
    instance: str
    lasting: bool = True
    """Whether it stays when nobody uses it: a person started it."""


def engine_of(lab: Lab) -> "EngineProcess":
    """The engine of a laboratory."""
    return EngineProcess(lab.home / FOLDER)


class EngineProcess:
    """The one engine of a laboratory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._record_file = folder / "engine.json"
        self._address_file = folder / "address.json"
        self._log = folder / "engine.log"
        self._port_file = folder / "port"
        self._users = folder / "users"

    def start(self, port: int = 0, within_s: float = START_WITHIN_S) -> RunningEngine:
        """Start the engine, or find the one that runs; returns once it answers.

        `port` 0 takes that of the running engine, else that of the last one, else a free one.
        """
        deadline = time.monotonic() + within_s
        self._make_folder()
        with self._locked(deadline):
            found = self._found(port, deadline, lasting=True)
        if port not in {0, found.port}:
            raise UsageError(
                "engine-other-port", f"the engine already runs on port {found.port}, not {port}"
            )
        return found

    @contextmanager
    def used(self, within_s: float = START_WITHIN_S) -> Generator[RunningEngine]:
        """The engine for as long as this is open; the last user ends what is not to stay."""
        deadline = time.monotonic() + within_s
        self._make_folder()
        with self._locked(deadline):
            found = self._found(0, deadline, lasting=False)
            note = engine_users.enter(self._users)
        try:
            yield found
        finally:
            self._left(note)

    def _left(self, note: Path) -> None:
        with self._locked(time.monotonic() + START_WITHIN_S):
            is_last, record = engine_users.leave(self._users, note), self._living()
            if is_last and record is not None and not record.lasting:
                _end(record, STOP_WITHIN_S)
                self._forget()

    def _found(self, port: int, deadline: float, *, lasting: bool) -> RunningEngine:
        """The engine that runs, or a new one; the caller holds the lock."""
        record = self._living()
        fresh = record is None
        if record is None:
            record = self._spawned(port, lasting=lasting)
        elif lasting and not record.lasting:
            record = replace(record, lasting=True)
            self._write(record)
        try:
            return self._awaited(record, deadline, fresh)
        except ComfyUnreachable:
            if fresh or time.monotonic() >= deadline:
                raise
            # it was just dying when it was found
            return self._awaited(self._spawned(port, lasting=lasting), deadline, True)

    @property
    def lives(self) -> bool:
        """Whether its process is there, whatever it answers."""
        return self._living() is not None

    def status(self) -> RunningEngine | None:
        """The engine if it runs and answers."""
        record = self._living()
        return self._answering(record, fresh=False) if record else None

    def stop(self, within_s: float = STOP_WITHIN_S) -> bool:
        """End the engine if we started it and it still runs; says whether there was one."""
        if not self._record_file.exists():
            return False
        with self._locked(time.monotonic() + START_WITHIN_S):
            record = self._living()
            if record is not None:
                _end(record, within_s)
            self._forget()
            return record is not None

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
        except OSError as exc:
            raise ComfyUnreachable(
                "engine-not-started",
                f"the engine's folder cannot be made: {exc.strerror}",
                where=str(self._folder),
            ) from exc

    def _locked(self, deadline: float) -> AbstractContextManager[None]:
        def busy() -> ComfyUnreachable:
            return ComfyUnreachable(
                "engine-busy",
                "another process has been starting or stopping the engine for too long",
                where=str(self._folder),
            )

        return held_lock(self._folder / "lock", deadline, busy)

    def _living(self) -> _Record | None:
        """What was started, if that very process still runs; a stale file says nothing."""
        said = _read(self._record_file)
        try:
            lasting = said.get("lasting") is not False
            record = _Record(int(said["pid"]), str(said["began"]), str(said["instance"]), lasting)
        except (KeyError, TypeError, ValueError):
            return None
        return record if started_at(record.pid) == record.began else None

    def _spawned(self, port: int, *, lasting: bool) -> _Record:
        instance = secrets.token_hex(16)
        self._forget()
        arguments = [sys.executable, "-P", "-m", "darkroom.engine", "--instance", instance]
        port = port or self._last_port()
        arguments += ["--state", str(self._folder / "files"), "--port", str(port)]
        arguments += ["--announce", str(self._address_file)]
        try:
            pid = spawn(arguments, self._log)
            record = _Record(pid, started_at(pid) or "", instance, lasting)
            self._write(record)
        except OSError as exc:
            raise ComfyUnreachable(
                "engine-not-started",
                f"the engine cannot be started: {exc.strerror}",
                where=str(self._folder),
            ) from exc
        return record

    def _last_port(self) -> int:
        """Where the last one was, if that is free: who was using it when it died finds it again."""
        try:
            port = int(self._port_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
        return port if 0 < port < _PORTS and _falls_free(port) else 0

    def _write(self, record: _Record) -> None:
        part = self._record_file.with_suffix(".part")
        part.write_text(json.dumps(vars(record)), encoding="utf-8")
        part.replace(self._record_file)

    def _awaited(self, record: _Record, deadline: float, fresh: bool) -> RunningEngine:
        while time.monotonic() < deadline:
            if found := self._answering(record, fresh):
                self._port_file.write_text(str(found.port), encoding="ascii")
                return found
            if has_ended(record.pid, record.began):
                break
            time.sleep(_EVERY_S)
        ended = has_ended(record.pid, record.began)
        if not ended:
            _end(record, STOP_WITHIN_S)
        self._forget()
        reason = "ended at once" if ended else "did not answer in time"
        raise ComfyUnreachable(
            "engine-not-started", f"the engine {reason}{self._last_words()}", where=str(self._log)
        )

    def _answering(self, record: _Record, fresh: bool) -> RunningEngine | None:
        address = _read(self._address_file)
        if address.get("instance") != record.instance:
            return None
        url, port = str(address["url"]), int(address["port"])
        said = _asked(url)
        if said.get("instance") != record.instance:
            return None
        version = str(said.get("version"))
        return RunningEngine(record.pid, port, url, version, str(self._log), fresh)

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return f": {lines[-1]}" if lines else ""

    def _forget(self) -> None:
        self._record_file.unlink(missing_ok=True)
        self._address_file.unlink(missing_ok=True)


def _falls_free(port: int) -> bool:
    """Whether the port can be had: a killed process holds it until its last thread is gone."""
    deadline = time.monotonic() + _PORT_WITHIN_S
    while taken := may_listen("127.0.0.1", port) is not None:
        if time.monotonic() >= deadline:
            break
        time.sleep(_EVERY_S)
    return not taken


def _end(record: _Record, within_s: float) -> None:
    """Ask the process to end, then make it; looks again before each, for a pid can be reused."""
    for number, wait_s in ((signal.SIGTERM, within_s), (signal.SIGKILL, STOP_WITHIN_S)):
        if has_ended(record.pid, record.began):
            return
        try:
            os.kill(record.pid, number)
        except OSError as exc:
            raise _not_stopped(record) from exc
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline and not has_ended(record.pid, record.began):
            time.sleep(_EVERY_S)
    if not has_ended(record.pid, record.began):
        raise _not_stopped(record)


def _not_stopped(record: _Record) -> ComfyError:
    return ComfyError("engine-not-stopped", f"process {record.pid} does not end")


def _read(file: Path) -> dict[str, Any]:
    """A JSON object of ours; unreadable counts as absent."""
    try:
        parsed: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}


def _asked(url: str) -> dict[str, Any]:
    """What the server there says about itself; nothing where it is none of ours."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy must not stand between us and loopback
        try:
            answer = session.get(f"{url}/system_stats", timeout=_ASK_WITHIN_S)
            return dict(answer.json()["system"]["darkroom"])
        except (requests.RequestException, KeyError, TypeError, ValueError):
            return {}
