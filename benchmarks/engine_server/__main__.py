"""`python -m benchmarks.engine_server`: ms per prompt of EmptyImage -> SaveImage, 64 x 64.

The way of the recorded figure (facts/comfyui.md, section 3): POST, wait for the end on
the websocket, GET history, GET view, one after the other, client and server on one
machine. Ratios count, other work may run beside.
"""

import json
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import requests
import websocket

from darkroom.adapters.engine_process import EngineProcess

PROMPTS = 100
COMFYUI_MS = 3.2
"""ComfyUI 0.33.0 on two cores; its client was aiohttp, ours is requests."""


def _graph(colour: int) -> dict[str, Any]:
    size = {"width": 64, "height": 64, "batch_size": 1, "color": colour}
    save = {"images": ["1", 0], "filename_prefix": "bench"}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": "SaveImage", "inputs": save},
    }


def _one(session: requests.Session, socket: websocket.WebSocket, url: str, body: Any) -> float:
    begin = time.perf_counter()
    prompt_id = session.post(f"{url}/prompt", json=body).json()["prompt_id"]
    while True:
        message = json.loads(socket.recv())
        data = message["data"]
        if message["type"] == "executing" and data["node"] is None:
            break
    entry = session.get(f"{url}/history/{prompt_id}").json()[prompt_id]
    image = session.get(f"{url}/view", params=entry["outputs"]["2"]["images"][0])
    assert image.status_code == 200, image.status_code
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory() as folder:
        process = EngineProcess(Path(folder))
        begin = time.perf_counter()
        url = process.start().url
        start_s = time.perf_counter() - begin
        try:
            found = _series(url)
        finally:
            process.stop()
    mean, median = statistics.mean(found), statistics.median(found)
    print(f"start to healthy: {start_s:.2f} s (bar: 2 s)")
    print(f"{PROMPTS} prompts: mean {mean:.1f} ms, median {median:.1f} ms, max {max(found):.1f} ms")
    print(f"against ComfyUI's {COMFYUI_MS} ms: {mean / COMFYUI_MS:.1f}x")


def _series(url: str) -> list[float]:
    client_id = str(uuid.uuid4())
    address = url.replace("http", "ws", 1) + f"/ws?clientId={client_id}"
    socket = websocket.create_connection(address, timeout=30)
    with requests.Session() as session:
        bodies = ({"prompt": _graph(n), "client_id": client_id} for n in range(PROMPTS + 1))
        times = [_one(session, socket, url, body) for body in bodies]
    socket.close()
    return times[1:]  # the first waits for the model's names


if __name__ == "__main__":
    main()
