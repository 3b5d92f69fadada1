"""Machines of a test: network namespaces that share nothing but a cable to this one.

Owns their names, addresses and end. Where namespaces cannot be made (no root, no `ip`)
a machine is a folder of its own alone, which is said.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.scale.services import end

HERE = "127.0.0.1"


@dataclass
class Host:
    """A machine: where its laboratory lies, how it reaches the servers, what runs on it."""

    name: str
    home: Path
    servers_at: str = HERE
    """The address under which this machine finds what the first machine serves."""
    space: str | None = None
    """Its network namespace."""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        """The command as this machine runs it."""
        inside = ["ip", "netns", "exec", self.space] if self.space else []
        return [*inside, "setpriv", "--pdeathsig", "KILL", *words]

    def start(self, words: Sequence[str], knows: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start something that stays; what it says goes to a log in its home."""
        with (self.home / "said.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(*words), cwd=self.home, env=dict(knows), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(process)
        return process

    def pids(self) -> list[int]:
        """Everything that runs on this machine."""
        if self.space is None:
            return [pid for pid in _all_pids() if _is_below(pid, self.home)]
        said = subprocess.run(
            ["ip", "netns", "pids", self.space], capture_output=True, text=True, check=True
        )
        return [int(line) for line in said.stdout.split()]

    def lose_power(self) -> int:
        """Kill everything at once, nothing is said to anybody; says how many there were."""
        killed = 0
        while pids := self.pids():  # one may have started another meanwhile
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            self._reap()
            time.sleep(0.05)
        return killed

    def shut_down(self) -> None:
        """End what was started, then whatever it left."""
        for process in self.running:
            end(process, signal.SIGTERM)
        self.lose_power()

    def _reap(self) -> None:
        for process in self.running:
            process.poll()


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_below(pid: int, home: Path) -> bool:
    with suppress(OSError):
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        return state != "Z" and f"DARKROOM_HOME={home}".encode() in told
    return False


def can_separate() -> bool:
    """Whether this machine lets us make network namespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    probe = f"dk-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return made.returncode == 0


@contextmanager
def hosts(folder: Path, names: Sequence[str]) -> Iterator[list[Host]]:
    """One machine per name; all they run is ended with them."""
    separate = can_separate()
    with ExitStack() as stack:
        made: list[Host] = []
        for number, name in enumerate(names):
            home = folder / name
            home.mkdir(parents=True)
            cable = stack.enter_context(_cable(name, number)) if separate else (None, HERE)
            made.append(host := Host(name, home, servers_at=cable[1], space=cable[0]))
            stack.callback(host.shut_down)
        yield made


@contextmanager
def _cable(name: str, number: int) -> Iterator[tuple[str, str]]:
    """A namespace with one cable to this machine; yields its name and our end's address."""
    space, ours = f"dk-{os.getpid()}-{name}", f"dk{os.getpid() % 100_000}v{number}"
    network = f"10.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"
    here, there = f"{network}.{4 * number + 1}", f"{network}.{4 * number + 2}"
    _ip("netns", "add", space)
    try:
        _ip("link", "add", ours, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("addr", "add", f"{here}/30", "dev", ours)
        _ip("link", "set", ours, "up")
        _ip("-n", space, "addr", "add", f"{there}/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", space, "link", "set", device, "up")
        yield space, here
    finally:
        _ip("netns", "del", space)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
