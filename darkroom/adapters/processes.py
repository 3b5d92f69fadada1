"""Processes of this machine: start one apart, know it again, hold a lock against others.

Owns the difference between systems: Linux tells through /proc, others through `ps`.
"""

import contextlib
import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from functools import cache
from pathlib import Path

_KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_KEPT_PREFIXES = ("LC_", "PYTHON", "COVERAGE_", "OMP_", "OPENBLAS_")
_EVERY_S = 0.02
_THREADS_END_WITHIN_S = 5.0
_ENDINGS: dict[int, int] = {}


def environment() -> dict[str, str]:
    """What a child may know: how to run Python here, and none of our secrets."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }


def spawn(arguments: list[str], log: Path, knows: Mapping[str, str] | None = None) -> int:
    """Start a process in a session of its own, so that Ctrl-C here does not end it there.

    It knows what `environment` lets it, unless the caller says what it may know.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    known = environment() if knows is None else dict(knows)
    return os.posix_spawn(arguments[0], arguments, known, file_actions=streams, setsid=True)


def started_at(pid: int) -> str | None:
    """When a process began, in whatever unit the system has; None when it has ended."""
    _reap(pid)
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    found = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return None if not found or found.startswith("Z") else found.partition(" ")[2].strip()


def _reap(pid: int) -> None:
    """A child of ours that has ended would stay as a zombie."""
    with contextlib.suppress(ChildProcessError, OSError):
        reaped, ending = os.waitpid(pid, os.WNOHANG)
        if reaped:
            _ENDINGS[pid] = os.waitstatus_to_exitcode(ending)


def exit_code_of(pid: int) -> int | None:
    """How a child of ours ended, once `started_at` found it ended; negative for a signal."""
    deadline = time.monotonic() + _THREADS_END_WITHIN_S
    # a zombie whose other threads are still ending cannot be asked yet
    while pid not in _ENDINGS and _is_child(pid) and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(_EVERY_S)
    return _ENDINGS.pop(pid, None)


def _is_child(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return True
    return False


def _from_proc(pid: int) -> str | None:
    fields = _fields(pid)
    # counted from the start of the machine: without its name a number could come again
    return f"{fields[19]}@{_boot()}" if fields else None


def _fields(pid: int) -> list[str] | None:
    """What /proc says of a process that has not ended, from its state on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # the name of the program, in brackets, may hold blanks and brackets itself
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields


def members(leader: int, began: str) -> list[int]:
    """What lives of the group that a process leads or led; none where that cannot be proved.

    Its number is given to no other process while the group has members, but is later.
    """
    now = started_at(leader)
    if now is None:
        is_provable = not Path("/proc/self/stat").exists() or began.endswith(f"@{_boot()}")
    else:
        is_provable = now == began
    if not is_provable:
        return []
    return [pid for pid, group in _groups().items() if group == leader]


def _groups() -> dict[int, int]:
    if Path("/proc/self/stat").exists():
        pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
        return {pid: int(fields[2]) for pid in pids if (fields := _fields(pid))}
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,state="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in told.splitlines()]
    return {int(pid): int(group) for pid, group, state in rows if not state.startswith("Z")}


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return ""


def has_ended(pid: int, began: str) -> bool:
    """Whether the process that began then is gone, even if its number was given away again."""
    return started_at(pid) != began


def environments() -> dict[int, dict[str, str]]:
    """What each process that we may look at was told when it began; empty without /proc."""
    found: dict[int, dict[str, str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            text = (folder / "environ").read_bytes().decode(errors="replace")
            pairs = (pair.partition("=") for pair in text.split("\0"))
            found[int(folder.name)] = {name: value for name, _, value in pairs if name}
    return found


def may_listen(host: str, port: int) -> str | None:
    """None where a server may listen there now, else why not."""
    with socket.socket() as probe:
        # as servers do it: a connection that is only just closed does not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            return exc.strerror or "it is taken"
    return None


@contextlib.contextmanager
def held_lock(file: Path, deadline: float, otherwise: Callable[[], Exception]) -> Generator[None]:
    """Hold a lock that ends with this process; raises what `otherwise` makes after the deadline."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise otherwise()
            time.sleep(_EVERY_S)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
