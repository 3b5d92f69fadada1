"""`python -m darkroom.adapters.scorers.resident_main`: the resident scoring process.

Owns what must happen before anything heavy is imported: the lock that makes this
process the only one of its device, the offline settings, and a hook that refuses
every connection to a network, whichever library tries.
"""

import argparse
import asyncio
import functools
import os
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

from darkroom.adapters.processes import held_lock
from darkroom.adapters.scorers.resident_offline import forbid_network, offline_settings
from darkroom.adapters.scorers.resident_place import marks_of, socket_path
from darkroom.adapters.scorers.resident_server import Limits, Server
from darkroom.adapters.scorers.resident_tiers import Bench

_BACKLOG = 64


class _Taken(Exception):
    """Another process serves this device already."""


def main() -> None:
    """Serve one device until idle; ends at once when another process does."""
    asked = _arguments().parse_args()
    os.environ.update(offline_settings(asked.weights))
    forbid_network()
    asked.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with held_lock(asked.folder / f"{asked.name}.lock", 0.0, _Taken):
            _serve(asked)
    except _Taken:
        return


def _serve(asked: argparse.Namespace) -> None:
    module, _, function = asked.scorers.partition(":")
    openings = getattr(import_module(module), function)
    bench = Bench(asked.weights, asked.device)
    path = socket_path(asked.folder, asked.name)
    path.unlink(missing_ok=True)  # left by a process that was killed; the lock is ours
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        before = os.umask(0o177)
        listening.bind(str(path))
        os.umask(before)
        listening.listen(_BACKLOG)
        limits = Limits(idle_s=asked.idle_s)
        idle = asyncio.run(_run(functools.partial(openings, bench=bench), asked, limits, listening))
        path.unlink(missing_ok=True)
    if not idle:
        os._exit(0)  # the thread in the middle of a long measurement is not waited for


async def _run(
    openings: Any, asked: argparse.Namespace, limits: Limits, listening: socket.socket
) -> bool:
    marks = marks_of(asked.weights, asked.device, asked.scorers)
    server = Server(openings, marks, limits)
    await server.serve(listening)
    return server.is_idle


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measures pictures for other processes.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--idle-s", type=float, required=True)
    parser.add_argument("--scorers", required=True)
    return parser


if __name__ == "__main__":
    main()
