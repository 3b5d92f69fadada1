import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient, Timing
from tests.fakes.comfy_server import ComfyServer, running_server
from tests.fakes.fast_timing import FAST

DATA = Path(__file__).parents[2] / "data" / "comfyui"


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    """One reduced recording of a real server."""
    return lambda name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def served() -> Iterator[tuple[ComfyServer, str]]:
    with running_server() as server:
        yield server


@pytest.fixture
def comfy(served: tuple[ComfyServer, str]) -> ComfyServer:
    return served[0]


@pytest.fixture
def connect(served: tuple[ComfyServer, str]) -> Iterator[Callable[..., ComfyClient]]:
    """Makes clients of the scripted server, with other timing or options where asked."""
    clients: list[ComfyClient] = []

    def made(timing: Timing = FAST, prefix: str = "", **options: Any) -> ComfyClient:
        clients.append(ComfyClient("studio", f"{served[1]}{prefix}", timing, **options))
        return clients[-1]

    yield made
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[..., ComfyClient]) -> ComfyClient:
    return connect()


@pytest.fixture
def graph() -> dict[str, dict[str, Any]]:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "seed": 7}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }


@pytest.fixture
def prompt_id() -> str:
    return str(uuid.uuid4())
