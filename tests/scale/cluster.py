"""Prefect on PostgreSQL and Redis with two API replicas, and an S3 store beside them.

Owns the environment of servers and of clients as `deploy/` documents it, and the order
in which the parts are started. Decides nothing about what runs on it.
"""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.fakes.s3_servers import RcloneServer, free_port, plain_environment
from tests.scale.hosts import HERE, Host, can_separate
from tests.scale.services import PASSWORD, end, postgres, redis, wait_for

EXAMPLE = Path(__file__).parents[2] / "deploy/server.env.example"
AUTH = f"darkroom:{PASSWORD}"
PREFECT = (sys.executable, "-P", "-m", "prefect")
BUCKET = "lab"
ASK_S = 60
LATER_REPLICA = {"PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false"}
"""Two that register Prefect's own blocks at the same moment trip over one another."""


@dataclass
class Cluster:
    """All servers of a laboratory of several machines."""

    folder: Path
    ports: Sequence[int]
    """One per API replica."""
    store: RcloneServer

    def api(self, host: Host | None = None, replica: int = 0) -> str:
        """The address of a replica, as this machine reaches it."""
        at = host.servers_at if host else "127.0.0.1"
        return f"http://{at}:{self.ports[replica]}/api"

    def asked(self, verb: str, route: str, content: object = None, replica: int = 0) -> Any:
        """What a replica answers; signed and with a token, as the UI asks."""
        base = self.api(replica=replica)
        with requests.Session() as session:
            session.auth = ("darkroom", PASSWORD)
            token = session.get(f"{base}/csrf-token", params={"client": "t"}, timeout=ASK_S).json()
            marks = {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": "t"}
            answer = session.request(verb, base + route, json=content, headers=marks, timeout=ASK_S)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def client_of(self, host: Host, replica: int) -> dict[str, str]:
        """The environment of a worker, as deploy/worker.env.example lists it."""
        return {
            **_clean(),
            "HOME": str(host.home),
            "DARKROOM_HOME": str(host.home),
            "DARKROOM_S3_ACCESS_KEY": self.store.access_key,
            "DARKROOM_S3_SECRET_KEY": self.store.secret_key,
            "PREFECT_HOME": f"{host.home}/.darkroom/prefect",
            "PREFECT_API_URL": self.api(host, replica),
            "PREFECT_API_AUTH_STRING": AUTH,
            "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }


def _clean() -> dict[str, str]:
    known = plain_environment()
    return {k: v for k, v in known.items() if not k.startswith(("PREFECT_", "DARKROOM_"))}


def documented(example: Path, values: Mapping[str, str]) -> dict[str, str]:
    """The example file with its placeholders filled in: what is documented is what is tested."""
    found: dict[str, str] = {}
    for line in example.read_text(encoding="utf-8").splitlines():
        if (match := re.match(r"([A-Z][A-Z0-9_]*)=(.*)", line)) is not None:
            found[match[1]] = values.get(match[1], match[2])
    assert values.keys() <= found.keys(), values.keys() - found.keys()
    return found


@contextmanager
def cluster(folder: Path, replicas: int = 2) -> Iterator[Cluster]:
    """Start everything, in the order deploy/README.md gives."""
    listen = "0.0.0.0" if can_separate() else HERE
    with ExitStack() as stack:
        database, broker = stack.enter_context(postgres()), stack.enter_context(redis())
        knows = _server_environment(folder, database, broker)
        upgrade = [*PREFECT, "server", "database", "upgrade", "-y"]
        subprocess.run(upgrade, env=knows, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        store = stack.enter_context(_store(folder, listen))
        made = Cluster(folder, [free_port() for _ in range(replicas)], store)
        for number, port in enumerate(made.ports):
            start = ["server", "start", "--no-services", "--host", listen, "--port", str(port)]
            told = knows if number == 0 else {**knows, **LATER_REPLICA}
            stack.enter_context(_server(folder, f"api-{number}", start, told))
        stack.enter_context(_server(folder, "services", ["server", "services", "start"], knows))
        for port in made.ports:
            wait_for(lambda port=port: _is_healthy(port), "a Prefect server", 300.0)
        yield made


def _server_environment(folder: Path, database: str, broker: str) -> dict[str, str]:
    told = documented(
        EXAMPLE,
        {
            "PREFECT_HOME": f"{folder}/prefect",
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
            "PREFECT_REDIS_MESSAGING_URL": broker,
            "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL": broker,
            "PREFECT_SERVER_DOCKET_URL": broker,
        },
    )
    return {**_clean(), **told}


@dataclass
class Rclone(RcloneServer):
    """One that other machines reach."""

    listen: str = HERE

    def start(self) -> None:
        """Start it, and make the bucket."""
        self.root.mkdir()
        binary = Path(sys.executable).with_name("rclone")
        command = ["setpriv", "--pdeathsig", "KILL", str(binary), "serve", "s3", str(self.root)]
        command += ["--config", "/dev/null", "--addr", f"{self.listen}:{self.port}"]
        command += ["--auth-key", f"{self.access_key},{self.secret_key}"]
        quiet, knows = subprocess.DEVNULL, plain_environment()
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=knows)
        wait_for(lambda: _listens(self.port), "rclone")
        self.store(BUCKET).create_bucket()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HERE, port)) == 0


@contextmanager
def _store(folder: Path, listen: str) -> Iterator[Rclone]:
    store = Rclone(free_port(), root=folder / "s3", listen=listen)
    store.start()
    try:
        yield store
    finally:
        store.kill()


@contextmanager
def _server(
    folder: Path, name: str, words: Sequence[str], knows: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *PREFECT, *words],
            cwd=folder, env=dict(knows), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield process
    finally:
        end(process, signal.SIGKILL)  # what it knows is in the database


def _is_healthy(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/api/health"
        return requests.get(url, timeout=2, auth=("darkroom", PASSWORD)).ok
    except requests.RequestException:
        return False
