"""Servers, a laboratory and orders for the measurements; and the bare client loop beside them."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import websocket

from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.jobs import EngineReceipt
from darkroom.core.keys import RunKeys
from darkroom.writepath.desk import Job
from darkroom.writepath.fleet import Order

Spans = list[tuple[float, float]]


@dataclass
class Served:
    """A server that runs, and when it was busy."""

    url: str
    log: Path

    def spans(self) -> Spans:
        """Begin and end of every prompt so far."""
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        return [(float(line.split()[0]), float(line.split()[1])) for line in lines]


@contextmanager
def served(folder: Path, seconds: float) -> Generator[Served]:
    """One server in a process of its own."""
    log = folder / f"server-{uuid.uuid4().hex[:8]}.log"
    command = [sys.executable, "-m", "benchmarks.orchestration.server", str(seconds), str(log)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Served(process.stdout.readline().strip(), log)
        finally:
            process.stdin.close()


@contextmanager
def laboratory(folder: Path, count: int, seconds: float) -> Generator[tuple[Lab, list[Served]]]:
    """A home with so many configured servers."""
    with ExitStack() as stack:
        servers = [stack.enter_context(served(folder, seconds)) for _ in range(count)]
        home = folder / f"home-{uuid.uuid4().hex[:8]}"
        (home / "projects").mkdir(parents=True)
        hosts = {f"s{n}": {"url": each.url} for n, each in enumerate(servers)}
        (home / "darkroom.yaml").write_text(json.dumps({"hosts": hosts}))
        os.environ["DARKROOM_HOME"] = str(home)
        yield open_lab(), servers


def graph(seed: int) -> dict[str, Any]:
    """A text-to-image graph of the usual size."""
    text = {"clip": ["4", 1], "text": "a photograph of a lighthouse at dusk, long exposure, rain"}
    sampler = {
        "seed": seed,
        "steps": 20,
        "cfg": 7.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["7", 0],
        "latent_image": ["5", 0],
    }
    size = {"width": 512, "height": 512, "batch_size": 1}
    return {
        "3": {"class_type": "KSampler", "inputs": sampler},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": size},
        "6": {"class_type": "CLIPTextEncode", "inputs": text},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "blurry"}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}},
    }


def orders(count: int, run: str = "2026-11-21_12-00-00") -> list[Order]:
    """So many images of one run."""
    keys = RunKeys("generated", run)
    return [Order("a.safetensors", _job_of(keys, number)) for number in range(1, count + 1)]


def _job_of(keys: RunKeys, number: int) -> Any:
    def job(receipt: EngineReceipt) -> Job:
        describes = {
            "input": {
                "prompt": "a photograph of a lighthouse at dusk",
                "negative_prompt": "blurry",
            },
            "workflow": {"name": "txt2img", "model": "a.safetensors"},
            "parameters": {"seed": number, "steps": 20, "cfg": 7.0, "sampler": "euler"},
        }
        engine = receipt.engine
        return Job(keys, number, graph(number), number, engine, describes=describes)

    return job


def bare(server: Served, count: int) -> float:
    """The shortest client there is: submit, hear the end, read history, download; mean seconds."""
    client_id = str(uuid.uuid4())
    address = server.url.replace("http", "ws", 1) + f"/ws?clientId={client_id}"
    socket = websocket.create_connection(address, timeout=60)
    begin = time.perf_counter()
    with requests.Session() as session:
        for number in range(1, count + 1):
            _one(session, socket, server.url, {"prompt": graph(number), "client_id": client_id})
    seconds = time.perf_counter() - begin
    socket.close()
    return seconds / count


def _one(session: requests.Session, socket: websocket.WebSocket, url: str, body: Any) -> None:
    body |= {"prompt_id": str(uuid.uuid4())}
    session.post(f"{url}/prompt", json=body)
    while True:
        message = json.loads(socket.recv())
        if message["type"] == "executing" and message["data"]["node"] is None:
            break
    entry = session.get(f"{url}/history/{body['prompt_id']}").json()[body["prompt_id"]]
    reply = session.get(f"{url}/view", params=entry["outputs"]["9"]["images"][0])
    assert reply.status_code == requests.codes.ok, reply.status_code


def idle_share(spans: Spans) -> float:
    """The share of the time between the first begin and the last end in which nothing was drawn."""
    whole = max(end for _, end in spans) - min(begin for begin, _ in spans)
    return 1 - sum(end - begin for begin, end in spans) / whole
