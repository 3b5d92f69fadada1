"""PostgreSQL and Redis for one test: in a folder of their own, ended with it.

Owns how they are started; both listen on loopback alone, because only the Prefect
servers talk to them. PostgreSQL refuses to run as root, so a root gives it to the user
that Debian's package made.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.fakes.s3_servers import free_port, plain_environment

PASSWORD = secrets.token_hex(12)
_UP_WITHIN_S = 60.0
_DOWN_WITHIN_S = 15.0


def binary(name: str) -> Path | None:
    """A program of PostgreSQL or Redis; Debian keeps the former outside PATH."""
    found = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    on_path = shutil.which(name)
    return max(found) if found else Path(on_path) if on_path else None


def missing() -> list[str]:
    """What this machine lacks, as names of Debian packages."""
    wanted = {"initdb": "postgresql", "redis-server": "redis-server", "setpriv": "util-linux"}
    return [package for name, package in wanted.items() if binary(name) is None]


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server; yields the address Prefect is given."""
    with _folder_of("postgres") as folder, _started(_postgres_in(folder, port := free_port())):
        probe = [str(binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_for(lambda: subprocess.run(probe, check=False).returncode == 0, "PostgreSQL")
        yield f"postgresql+asyncpg://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"


def _postgres_in(folder: Path, port: int) -> list[str]:
    words = folder / "words"
    words.write_text(PASSWORD, encoding="ascii")
    _give(words, "postgres")
    make = [str(binary("initdb")), "-D", f"{folder}/data", "-U", "postgres", "--no-sync"]
    make += ["--auth=scram-sha-256", f"--pwfile={words}", "--encoding=UTF8", "--locale=C"]
    subprocess.run([*_as("postgres"), *make], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    serve = [str(binary("postgres")), "-D", f"{folder}/data", "-p", str(port), "-F"]
    serve += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    return [*_as("postgres"), *serve]


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server; yields its address."""
    with _folder_of(None) as folder:
        command = [*_as(None), str(binary("redis-server")), "--port", str(port := free_port())]
        command += ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        command += ["--requirepass", PASSWORD]
        with _started(command):
            wait_for(lambda: _answers(port), "Redis")
            yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


def _answers(port: int) -> bool:
    probe = [str(binary("redis-cli")), "-p", str(port), "ping"]
    told = {**os.environ, "REDISCLI_AUTH": PASSWORD}
    said = subprocess.run(probe, env=told, capture_output=True, text=True, check=False)
    return said.stdout.strip() == "PONG"


def wait_for(is_so: Callable[[], bool], what: str, within_s: float = _UP_WITHIN_S) -> None:
    """Wait until it is so, and fail where it never is."""
    until = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.1)


@contextmanager
def _folder_of(user: str | None) -> Iterator[Path]:
    """A folder that this user can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="darkroom-scale-"))
    try:
        _give(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(path: Path, user: str | None) -> None:
    if user is not None and os.geteuid() == 0:
        owner = pwd.getpwnam(user)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _as(user: str | None) -> list[str]:
    """Run as this user where we may; end with the test, however it ends."""
    begin = ["setpriv", "--pdeathsig", "KILL"]
    if user is not None and os.geteuid() == 0:
        begin += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return begin


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=plain_environment())
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]", sent: signal.Signals = signal.SIGINT) -> None:
    """End it, and kill it where it does not listen."""
    with suppress(ProcessLookupError):
        process.send_signal(sent)
    try:
        process.wait(_DOWN_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
