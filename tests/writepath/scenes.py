"""What the tests of the write path share: a desk on a folder, jobs, and killed children."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.stores import FolderStore
from darkroom.core.keys import RunKeys
from darkroom.writepath.desk import Desk, Job
from darkroom.writepath.locks import Locks
from darkroom.writepath.reconcile import ReconcileOptions, reconcile
from darkroom.writepath.report import ReconcileReport
from tests.fakes.fake_renderer import FakeRenderer

PROJECT = "demo"
RUN = "2026-01-09_22-25-59"
KEYS = RunKeys(PROJECT, RUN)
MEMORY = shm if (shm := Path("/dev/shm")).is_dir() else None
"""Where the system offers a folder in memory."""


def graph(seed: int, text: str = "a red circle") -> dict[str, dict[str, object]]:
    return {
        "3": {"class_type": "KSampler", "inputs": {"seed": seed, "steps": 4, "text": text}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
    }


def a_job(seed: int = 1, iteration: int | None = None, keys: RunKeys = KEYS, **more: object) -> Job:
    describes = {
        "input": {"prompt": "a red circle"},
        "parameters": {"seed": seed, "steps": 4},
        "variations": {"seed": seed},
    }
    number = seed if iteration is None else iteration
    return Job(keys, number, graph(seed), seed, "fake/1.0", describes=describes, **more)


@dataclass
class Scene:
    """A store, a server and a place for locks in one folder."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "projects"

    @property
    def server(self) -> FakeRenderer:
        return FakeRenderer(self.folder / "server")

    def desk(self, machine: str = "here", **more: object) -> Desk:
        locks = Locks(self.folder / f"locks-{machine}")
        return Desk(FolderStore(self.root), locks, settle_s=0.0, **more)

    def reconcile(self, **options: object) -> ReconcileReport:
        chosen = ReconcileOptions(lock_wait_s=60.0, **options)
        return reconcile(PROJECT, self.desk(), {"fake": self.server}, options=chosen)

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.root.glob(f"{PROJECT}/working/{pattern}"))


def in_child(work: Callable[[], object]) -> int:
    """Run in a process of its own; returns its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a forked child must not return into pytest
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


KILLED = -signal.SIGKILL
