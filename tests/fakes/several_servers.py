"""Several scripted ComfyUI servers, each behind a proxy that a test may close."""

import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from darkroom.adapters.comfyui import Timing
from darkroom.core.fleet.health import Patience
from darkroom.writepath import batch, fleet_opening
from tests.fakes.comfy_server import ComfyServer, draw, running_server, start
from tests.fakes.fast_timing import FAST
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.until import until
from tests.fakes.workflows import document

NO_STALLS = replace(FAST, poll_s=0.1)
"""A server that is there is never given up, however slow its machine is."""
_WAIT_S = 60.0


class Servers:
    """Servers by name."""

    def __init__(self) -> None:
        self.comfy: dict[str, ComfyServer] = {}
        self.urls: dict[str, str] = {}
        self._direct: dict[str, str] = {}
        self._proxies: dict[str, FaultProxy] = {}
        self._dead: dict[str, threading.Event] = {}

    def add(self, name: str, stack: ExitStack) -> None:
        comfy, url = stack.enter_context(running_server())
        proxy = stack.enter_context(FaultProxy(int(url.rpartition(":")[2])))
        self._dead[name] = threading.Event()
        comfy.catalogue = document("object_info")
        self.comfy[name], self._proxies[name], self.urls[name] = comfy, proxy, proxy.url
        self._direct[name] = url

    def write(self, home: Path, more: Mapping[str, str] | None = None) -> None:
        """All of them into darkroom.yaml; `more` are further keys of each."""
        further = more or {}
        hosts = (f"  {n}: {{url: '{u}'{further.get(n, '')}}}\n" for n, u in self.urls.items())
        (home / "darkroom.yaml").write_text(f"hosts:\n{''.join(hosts)}")

    def cut_off(self, name: str) -> None:
        """As if its machine had lost its power."""
        self._proxies[name].faults.refuse = True
        self._proxies[name].hang_up()
        self._dead[name].set()

    def comes_back(self, name: str) -> None:
        """Its machine has power again."""
        self._proxies[name].faults.refuse = False

    def hear_out_the_dead(self) -> None:
        """Return once whatever a killed process had sent has been carried out.

        Connections are taken up in their order: what answers came after all that was sent before.
        """
        for name, comfy in self.comfy.items():
            requests.get(f"{self.urls[name]}/queue", timeout=_WAIT_S)
            until(lambda name=name: self._proxies[name].is_quiet)
            requests.get(f"{self._direct[name]}/queue", timeout=_WAIT_S)
            until(lambda comfy=comfy: comfy.connections == 0)

    def dies_at(self, name: str, nth: int) -> None:
        """Have it die while it draws its nth image."""

        def work(server: ComfyServer, job: Any) -> None:
            if len(server.posts) < nth:
                draw(server, job)
            else:
                start(server, job)
                self.cut_off(name)

        self.comfy[name].work = work

    def waits_for(self, name: str, other: str) -> None:
        """Have it draw nothing until that one has died: so the other surely gets work."""

        def work(server: ComfyServer, job: Any) -> None:
            assert self._dead[other].wait(_WAIT_S)
            draw(server, job)

        self.comfy[name].work = work

    def becomes(self, name: str, version: str) -> None:
        """Another version of ComfyUI runs there."""
        self.comfy[name].stats["system"]["comfyui_version"] = version

    def drawn(self, name: str) -> int:
        """How many graphs it was given."""
        return len(self.comfy[name].posts)

    def seeds(self) -> list[int]:
        """Every seed that any server was given."""
        posts = [post for comfy in self.comfy.values() for post in comfy.posts]
        nodes = [node for post in posts for node in post["prompt"].values()]
        return sorted(n["inputs"]["seed"] for n in nodes if n["class_type"] == "KSampler")


def be_impatient(patch: pytest.MonkeyPatch, timing: Timing = NO_STALLS) -> None:
    """Have a fleet of this process give up within a second or two."""
    patch.setattr(fleet_opening, "Timing", lambda: timing)
    patch.setattr(fleet_opening, "_OUTAGE_S", 0.3)
    patch.setattr(fleet_opening, "PATIENCE", Patience(first_pause_s=0.1, failures=4))
    patch.setattr(batch, "PATIENCE", Patience(0.05, 2.0, 0.2, 3))


@contextmanager
def running_servers(*names: str) -> Generator[Servers]:
    """Servers of these names."""
    with ExitStack() as stack:
        servers = Servers()
        for name in names:
            servers.add(name, stack)
        yield servers
