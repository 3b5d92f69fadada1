"""The local laboratory: which parts `darkroom up` keeps, and how Prefect is hardened there.

Owns the environment of the Prefect server and of its clients, the password between
them and the file by which a `prefect` command in this folder finds the server. How
parts are started and kept is `darkroom.adapters.supervision`'s. Nothing of Prefect is
imported here: its parts are processes.
"""

import os
import secrets
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from darkroom.adapters import supervision
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.processes import environments, may_listen, started_at
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.durable import local_errors
from darkroom.adapters.supervision import Part, PartState, Plan, Process, State, end
from darkroom.adapters.supervision.state import read_state
from darkroom.core.errors import OutsideError
from flows.environment import ALWAYS, OUTLIVES_READERS, PREFECT_HOME, RUN_ID, WHOLE_LABORATORY
from flows.refreshing import COMMAND as SETTING_UP
from flows.refreshing import SET_UP, is_outdated, set_up_again

FOLDER = ".darkroom/laboratory"
CLIENT_FILE = "prefect.toml"
_PASSWORD_FILE = "password"
_MARK = "# written by `darkroom up`, removed by `darkroom down`; holds a password"
HEARTBEAT_S = "30"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Laboratory:
    """One laboratory of this machine."""

    lab: Lab
    port: int

    @property
    def folder(self) -> Path:
        """Where plan, state, logs and the password lie."""
        return self.lab.home / FOLDER

    @property
    def address(self) -> str:
        """Where the Prefect UI is."""
        return f"http://{LOOPBACK}:{self.port}"

    def up(self, on_change: Callable[[PartState], None]) -> State:
        """Start every part and wait until all work."""
        with local_errors(str(self.folder)):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            password = _password(self.folder)
        plan = Plan(tuple(self._parts(password)))
        was_up = supervision.status(self.folder) is not None

        def seen(part: PartState) -> None:
            if part.name == SERVER and part.condition == "healthy":
                self._let_clients_find(part, password)  # now: whoever waits here may be killed
            on_change(part)

        state = supervision.up(self.folder, self.lab.home, plan, seen, check=self._check_port)
        running = self._let_clients_find(state.parts[SERVER], password)
        if was_up and is_outdated(self.lab.home, self.folder, state):
            on_change(replace(state.parts[SET_UP], condition="starting"))
            knows = client_environment(self.lab.home, f"{running}/api", password)
            set_up_again(self.lab.home, self.folder, knows)
            on_change(state.parts[SET_UP])
        return state

    def _let_clients_find(self, server: PartState, password: str) -> str:
        # what runs already may listen elsewhere than was asked for now
        running = server.address or self.address
        with local_errors(str(self.lab.home)):
            _write_client_file(self.lab.home, f"{running}/api", password)
        return running

    def _check_port(self) -> None:
        """Another server that answers there would be taken for ours."""
        if reason := may_listen(LOOPBACK, self.port):
            message = f"port {self.port} cannot be used: {reason}"
            raise OutsideError("port-taken", message, where=self.address)

    def _parts(self, password: str) -> list[Part]:
        client = client_environment(self.lab.home, f"{self.address}/api", password)
        # what draws comes first and goes last: a run that goes on must not miss it for long
        engine = [] if self.lab.config.hosts else [Part(ENGINE, (*_PYTHON, _ENGINE_KEEPING))]
        return [
            *engine,
            Part(
                SERVER,
                (
                    *_PYTHON,
                    "prefect",
                    "server",
                    "start",
                    "--host",
                    LOOPBACK,
                    "--port",
                    str(self.port),
                ),
                {**client, **self._server_environment(password)},
                health_url=f"{self.address}/api/health",
                address=self.address,
                starts_within_s=180.0,
            ),
            Part(SET_UP, SETTING_UP, client, once=True, is_trusted=True),
            Part(
                WORKER,
                (*_PYTHON, "prefect", "worker", "start", "--pool", POOL, "--name", "darkroom"),
                {**client, **OUTLIVES_READERS, "PREFECT_WORKER_QUERY_SECONDS": "2"},
                is_trusted=True,
                is_outlived=True,  # by runs
            ),
        ]

    def _server_environment(self, password: str) -> dict[str, str]:
        return {
            "PREFECT_SERVER_API_HOST": LOOPBACK,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_API_AUTH_STRING": password,
            "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": self.address,
            "PREFECT_UI_API_URL": f"{self.address}/api",
            # in memory, limits leak when the server is restarted
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
                "prefect.server.concurrency.lease_storage.filesystem"
            ),
        }


POOL = "darkroom"
SERVER = "prefect-server"
WORKER = "worker"
ENGINE = "engine"
_PYTHON = (sys.executable, "-P", "-m")
_ENGINE_KEEPING = "darkroom.adapters.engine_keeping"


def client_environment(home: Path, api_url: str, password: str) -> dict[str, str]:
    """What a Prefect client of this laboratory has to know."""
    return {
        **ALWAYS,
        "PREFECT_HOME": str(home / PREFECT_HOME),
        "PREFECT_API_URL": api_url,
        "PREFECT_API_AUTH_STRING": password,
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": HEARTBEAT_S,
        "DARKROOM_HOME": str(home),
        WHOLE_LABORATORY: "1",
    }


def join(home: Path, environ: MutableMapping[str, str]) -> None:
    """Let this process use the laboratory's Prefect server, if it runs and no other is named."""
    if environ.get("PREFECT_API_URL"):
        return
    state = supervision.status(home / FOLDER)
    server = state.parts.get(SERVER) if state else None
    if server is not None and server.condition == "healthy" and server.address:
        password = _password(home / FOLDER)
        environ.update(client_environment(home, f"{server.address}/api", password))
    else:
        # a client file that outlived its server must not send us there
        environ["PREFECT_API_URL"] = ""


def down(lab: Lab) -> bool:
    """End every part; says whether there was one."""
    home = lab.home
    with suppress(OSError):
        file = home / CLIENT_FILE
        if file.read_text(encoding="utf-8").startswith(_MARK):
            file.unlink()
    had_engine = _keeps_engine(home)
    was_up = supervision.down(home / FOLDER)
    # whoever kept it ends it, but may have been killed
    had_engine = had_engine and engine_of(lab).stop()
    runs = [end(process) for _, process in _runs(home)]
    is_over = was_up or had_engine or bool(runs)
    if is_over:
        _end_scoring(lab)
    return is_over


def _end_scoring(lab: Lab) -> None:
    """The process that runs left for the next ones; whoever still scores starts another."""
    from darkroom.adapters.scorers.resident_process import ResidentProcess
    from darkroom.scoring.configured import place_of

    ResidentProcess(place_of(lab)).stop()


def _keeps_engine(home: Path) -> bool:
    state = read_state(home / FOLDER)
    return state is not None and ENGINE in state.parts


def _runs(home: Path) -> list[tuple[str, Process]]:
    """The processes that our worker started for flow runs, with the run's id.

    Each leads a session of its own and so outlives a killed worker; ended, its flow run goes on
    at the next `up`.
    """
    return [
        (known[RUN_ID], Process(pid, began))
        for pid, known in environments().items()
        if RUN_ID in known
        # a worker that was started otherwise is not ours, nor are its runs
        and WHOLE_LABORATORY in known
        and known.get("DARKROOM_HOME") == str(home)
        and (began := started_at(pid)) is not None
    ]


def status(home: Path) -> State | None:
    """What is kept; None where nobody keeps anything."""
    return supervision.status(home / FOLDER)


def worker_began(home: Path) -> datetime | None:
    """Since when the worker lives that is kept here; None where none does."""
    state = status(home)
    worker = state.parts.get(WORKER) if state else None
    if worker is None or worker.began_at is None or not (worker.process and worker.process.lives):
        return None
    return datetime.fromtimestamp(worker.began_at, UTC)


def earlier_port(home: Path) -> int | None:
    """Where the server of a laboratory listened whose keeper is gone without a `down`."""
    state = read_state(home / FOLDER)
    if state is None or state.lives or (server := state.parts.get(SERVER)) is None:
        return None
    return urlsplit(server.address or "").port


def left(lab: Lab) -> tuple[PartState, ...]:
    """What still lives where nobody keeps anything: a keeper or a worker was killed."""
    if status(lab.home) is not None:
        return ()
    known = supervision.left(lab.home / FOLDER)
    found = [*known.parts.values()] if known else []
    engine = engine_of(lab).status() if _keeps_engine(lab.home) else None
    if engine and ENGINE not in {part.name for part in found}:
        process = Process(engine.pid, started_at(engine.pid) or "")
        found.append(PartState(ENGINE, "left", process, address=engine.url, log=engine.log))
    runs = [PartState(f"run {name[:8]}", "left", process) for name, process in _runs(lab.home)]
    return (*found, *runs)


def _password(folder: Path) -> str:
    """The one made at the first start; the Prefect UI asks for it once."""
    file = folder / _PASSWORD_FILE
    with suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").strip()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(password := f"darkroom:{secrets.token_urlsafe(24)}")
    return password


def _write_client_file(home: Path, api_url: str, password: str) -> None:
    """A `prefect` command in this folder finds the server by it; a file of others stays."""
    file = home / CLIENT_FILE
    with suppress(FileNotFoundError):
        if not file.read_text(encoding="utf-8").startswith(_MARK):
            return
    text = f'{_MARK}\n[api]\nurl = "{api_url}"\nauth_string = "{password}"\n'
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
