"""A laboratory in a folder of its own: its parts, its runs, and the ways to kill them.

Owns processes that this soak started, known by the home they were told; kills nothing else.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from darkroom.adapters.processes import environments
from darkroom.adapters.supervision.state import read_state
from flows.laboratory import FOLDER, join
from flows.unbegun import ANYWHERE

BIN = Path(sys.executable).parent
PROJECTS = ("first", "second", "third")
IMAGES = 5
"""What each run draws."""
RULES = """
project: {name: %s, max_iterations: %d}
acceptance_criteria:
  - {field: five, question: "Are there exactly five objects?"}
"""
SETS = ["parameters.steps=32"]
_OURS = ("prefect-server", "worker", "engine")
_RUN_ID = "PREFECT__FLOW_RUN_ID"
_FINE = (0, 1)
_ANSWERS_WITHIN_S = 120.0
_LOOKED_WITHIN_S = 150.0
"""A flow run may be taken and have no process yet; a worker that begins looks first."""
_ENDED = {"COMPLETED", "FAILED", "CANCELLED"}

T = TypeVar("T")


@dataclass
class Place:
    """One home."""

    home: Path
    port: int
    began: dict[str, float] = field(default_factory=dict[str, float])
    """Flow runs started here, and when."""
    commands: dict[str, subprocess.Popen[str]] = field(
        default_factory=dict[str, subprocess.Popen[str]]
    )
    """Runs by the command, by project."""
    commands_begun: int = 0
    """How many runs commands were to begin; one that was killed goes on with its own."""

    def command(
        self, *arguments: str, timeout_s: float = 400.0, fine: Sequence[int] = _FINE
    ) -> str:
        """Run `darkroom` to its end; returns what it said on stdout."""
        done = subprocess.run(
            [str(BIN / "darkroom"), *arguments],
            cwd=self.home,
            env=self._known(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode not in fine:
            raise RuntimeError(f"darkroom {' '.join(arguments)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def _known(self) -> dict[str, str]:
        foreign = ("PREFECT_", "DARKROOM_", "COVERAGE_", "COV_CORE_")
        return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}

    def prepare(self, names: Sequence[str] = PROJECTS) -> None:
        """Projects whose rules are never met, so that every run spends its budget."""
        for name in names:
            self.command("project", "create", name, "--from", "demo")
            rules = self.home / "projects" / name / "config/rules.yaml"
            rules.write_text(RULES % (name, IMAGES), encoding="utf-8")

    def up(self) -> None:
        """Have everything run."""
        self.command("up", "--port", str(self.port))

    def down(self) -> None:
        """End everything."""
        self.command("down")

    # -- runs

    def client(self) -> Any:
        """A Prefect client of this laboratory."""
        environ: dict[str, str] = {}
        join(self.home, environ)
        if not environ["PREFECT_API_URL"]:
            raise RuntimeError("the Prefect server is being started again")
        from prefect.client.orchestration import get_client
        from prefect.settings import (
            PREFECT_API_AUTH_STRING,
            PREFECT_API_URL,
            PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
            temporary_settings,
        )

        settings: dict[Any, Any] = {
            PREFECT_API_URL: environ["PREFECT_API_URL"],
            PREFECT_API_AUTH_STRING: environ["PREFECT_API_AUTH_STRING"],
            PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: True,
        }
        with temporary_settings(settings):
            return get_client(sync_client=True)

    def deployed(self, project: str) -> str:
        """Have the worker carry a run out; returns the flow run's id."""
        told = {"project": project, "options": {"reset": True, "sets": SETS}}

        once = str(uuid4())

        def begin(client: Any) -> str:
            found = client.read_deployment_by_name("iterate/default")
            run = client.create_flow_run_from_deployment(
                found.id, parameters=told, idempotency_key=once
            )
            return str(run.id)

        run = self.asked(begin)
        self.began[run] = time.monotonic()
        return run

    def asked(self, question: Callable[[Any], T]) -> T:
        """Ask the server, which the keeper may be replacing just now."""
        ends_at = time.monotonic() + _ANSWERS_WITHIN_S
        while True:
            try:
                with self.client() as client:
                    return question(client)
            except (httpx.HTTPError, RuntimeError):  # the client says so in both ways
                if time.monotonic() > ends_at:
                    raise
                time.sleep(1.0)

    def commanded(self, project: str, *, anew: bool) -> None:
        """Carry a run out by the command."""
        self.commands_begun += anew
        sets = [word for each in SETS for word in ("--set", each)]
        self.commands[project] = subprocess.Popen(
            [
                str(BIN / "darkroom"),
                "run",
                project,
                "--json",
                *sets,
                *(["--reset"] if anew else []),
            ],
            cwd=self.home,
            env=self._known(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def states(self) -> dict[str, str]:
        """The state of every flow run started here, by id."""
        return self.asked(
            lambda client: {
                name: client.read_flow_run(name).state.type.value for name in self.began
            }
        )

    def unattended(self) -> list[str]:
        """Flow runs without a process that stay at work for the server, as often as it looks."""
        ends_at = time.monotonic() + _LOOKED_WITHIN_S
        while (found := self._unattended()) and time.monotonic() < ends_at:
            time.sleep(1.0)
        return found

    def _unattended(self) -> list[str]:
        from prefect.client.schemas.filters import FlowRunFilter
        from prefect.client.schemas.objects import StateType

        at_work = {"state": {"type": {"any_": [StateType.RUNNING, StateType.PENDING]}}}
        chosen = FlowRunFilter.model_validate(at_work)
        runs = self.asked(lambda client: client.read_flow_runs(flow_run_filter=chosen))
        living = {known.get(_RUN_ID) for known in environments().values()}
        # what a killed command had made and not begun, `reconcile` gives ten minutes
        old = datetime.now(UTC) - ANYWHERE
        return [
            f"{run.name} {run.state_name}"
            for run in runs
            if str(run.id) not in living and (run.deployment_id or run.state.timestamp < old)
        ]

    def held_slots(self) -> list[str]:
        """Servers that are kept from others although nobody draws."""
        limits = self.asked(lambda client: client.read_global_concurrency_limits(200, 0))
        return [each.name for each in limits if each.active_slots and not self.flow_processes()]

    # -- victims

    def victims(self) -> dict[str, list[int]]:
        """What lives now, by kind; the engine's server and its keeping process both count."""
        state = read_state(self.home / FOLDER)
        found: dict[str, list[int]] = {}
        if state is not None and state.keeper.lives:
            found["keeper"] = [state.keeper.pid]
        for name in _OURS:
            part = state.parts.get(name) if state else None
            if part and part.process and part.process.lives:
                found[name] = [part.process.pid]
        found["flow"] = self.flow_processes()
        found["engine"] = self._engines() or found.get("engine", [])
        found["command"] = [each.pid for each in self.commands.values() if each.poll() is None]
        return {name: pids for name, pids in found.items() if pids}

    def flow_processes(self) -> list[int]:
        """Processes that carry flow runs of this home out."""
        return [
            pid
            for pid, known in environments().items()
            if known.get("DARKROOM_HOME") == str(self.home) and _RUN_ID in known
        ]

    def _engines(self) -> list[int]:
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if "darkroom.engine" in words and any(str(self.home) in word for word in words):
                    found.append(int(folder.name))
        return found

    def kill(self, kind: str, chance: random.Random) -> bool:
        """Kill one process of this kind; says whether there was one."""
        pids = self.victims().get(kind)
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
            return True
        return False


def ended(states: dict[str, str]) -> bool:
    """Whether every run came to an end."""
    return set(states.values()) <= _ENDED


def parsed(text: str) -> Any:
    """JSON a command printed."""
    return json.loads(text)
