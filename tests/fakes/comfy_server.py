"""A scripted ComfyUI: HTTP and websocket on loopback, one worker, and a list of faults.

It keeps the queue, the history and the message order of the real server (see
tests/data/comfyui for the recordings); what it "draws" is decided by the test through
`work`. Faults are queued per route with `fail` and used up one request at a time.
"""

import io
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from PIL import Image

from tests.fakes.comfy_routes import LONGEST_S, PLAIN, Handler, status_message
from tests.fakes.comfy_sockets import Registry

TROUBLE = b"500 Internal Server Error\n\nServer got itself in trouble"


@dataclass
class Fault:
    """How one request goes wrong."""

    status: int = 500
    body: bytes = TROUBLE
    content_type: str = PLAIN
    is_handled: bool = False
    """Whether the request takes effect although its answer is bad."""
    drops: bool = False
    hangs: bool = False
    cuts_at: int | None = None
    """The real answer, ended after so many bytes."""


@dataclass
class Job:
    """One queued prompt."""

    number: float
    prompt_id: str
    graph: dict[str, Any]
    client_id: str | None
    stopped: threading.Event = field(default_factory=threading.Event)

    def item(self) -> list[Any]:
        return [self.number, self.prompt_id, self.graph, {"client_id": self.client_id}, []]


def png(colour: tuple[int, int, int] = (200, 30, 30), side: int = 8) -> bytes:
    picture = Image.new("RGB", (side, side), colour)
    picture.putpixel((0, 0), (1, 2, 3))
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


class ComfyServer:
    """The state of the server, and the handles a test pulls."""

    def __init__(self) -> None:
        self.sockets = Registry()
        self.lock = threading.RLock()
        self.pending: list[Job] = []
        self.running: Job | None = None
        self.history: dict[str, Any] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.posts: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.connections = 0
        """Those that were taken up and are not over yet."""
        self.origins: list[str | None] = []
        self.faults: dict[str, list[Fault]] = {}
        self.catalogue: dict[str, Any] = {}
        self.stats: dict[str, Any] = {
            "system": {"comfyui_version": "0.33.0", "python_version": "3.11.7 (x)"},
            "devices": [{"name": "cpu", "type": "cpu", "vram_total": 8, "vram_free": 4}],
        }
        self.features: dict[str, Any] = {"max_upload_size": 104857600}
        self.has_jobs_route = True
        self.takes_sockets = True
        self.says_status = True
        self.is_worker_dead = False
        self.node_errors: dict[str, Any] = {}
        self.work: Callable[[ComfyServer, Job], None] = draw
        self.last_node: str | None = None
        self.stopping = self.sockets.stopping
        self._number = 0

    # -- what tests do
    def fail(self, route: str, *faults: Fault) -> None:
        with self.lock:  # a request may be looking through them
            self.faults.setdefault(route, []).extend(faults)

    def take_fault(self, route: str) -> Fault | None:
        with self.lock:
            self.calls.append(route)
            for key, faults in self.faults.items():
                if route.startswith(key) and faults:
                    return faults.pop(0)
        return None

    def count(self, prefix: str) -> int:
        return sum(call.startswith(prefix) for call in self.calls)

    def restart(self) -> None:
        """Queue and history are gone, files stay."""
        with self.lock:
            self.pending.clear()
            self.history.clear()
            if self.running:
                self.running.stopped.set()
            self.running = None
        self.sockets.hang_up_all()

    # -- what the worker says
    def tell(self, job: Job, kind: str, **data: Any) -> None:
        message = {"type": kind, "data": {**data, "prompt_id": job.prompt_id}}
        self.sockets.send(job.client_id, message)
        if kind == "executing":
            self.last_node = data.get("node")

    def status(self) -> None:
        with self.lock:
            remaining = len(self.pending) + (self.running is not None)
        self.sockets.send(None, status_message(remaining))

    def store(self, job: Job, status: dict[str, Any], outputs: dict[str, Any]) -> None:
        with self.lock:
            if self.running is job:
                entry = {"prompt": job.item(), "outputs": outputs, "status": status, "meta": {}}
                self.history[job.prompt_id] = entry

    # -- the worker
    def run_jobs(self) -> None:
        while not self.stopping.wait(0.002):
            with self.lock:
                if self.is_worker_dead or not self.pending or self.running:
                    continue
                self.pending.sort(key=lambda job: job.number)
                self.running = job = self.pending.pop(0)
            self.work(self, job)
            with self.lock:
                if self.running is job:
                    self.running = None
            self.status()
            self.last_node = None

    # -- routes
    def queue_prompt(self, body: dict[str, Any]) -> tuple[int, Any]:
        with self.lock:
            self.posts.append(body)
            if body.get("prompt_id") != body.get("prompt_id", "").lower():
                return 400, {"error": {"type": "invalid_prompt_id", "message": "bad id"}}
            self._number += 1
            job = Job(self._number, body["prompt_id"], body["prompt"], body.get("client_id"))
            self.pending.append(job)
        self.status()
        answer = {"prompt_id": job.prompt_id, "number": job.number, "node_errors": self.node_errors}
        return 200, answer

    def queue_document(self) -> dict[str, Any]:
        with self.lock:  # a job that is just being taken up must not be in neither list
            running = [self.running.item()] if self.running else []
            return {"queue_running": running, "queue_pending": [job.item() for job in self.pending]}

    def interrupt(self, prompt_id: str | None) -> None:
        """Without an id it stops whoever runs, as the real one does."""
        running = self.running
        self.cancel(prompt_id or (running.prompt_id if running else ""), pending=False)

    def cancel(self, prompt_id: str, *, running: bool = True, pending: bool = True) -> bool:
        with self.lock:
            if running and self.running and self.running.prompt_id == prompt_id:
                self.running.stopped.set()
                return True
            found = [job for job in self.pending if pending and job.prompt_id == prompt_id]
            for job in found[:1]:
                self.pending.remove(job)
        self.status()
        return bool(found)


def draw(server: ComfyServer, job: Job) -> None:
    """What a server does when nothing is wrong: three steps, one image."""
    start(server, job)
    for node in job.graph:
        server.tell(job, "executing", node=node, display_node=node)
    for step in (1, 2, 3):
        server.tell(job, "progress", value=step, max=3, node=next(iter(job.graph)))
    finish(server, job)


def start(server: ComfyServer, job: Job) -> None:
    server.tell(job, "execution_start", timestamp=1000)
    server.tell(job, "execution_cached", nodes=[], timestamp=1001)


def finish(server: ComfyServer, job: Job, data: bytes | None = None, late_s: float = 0.0) -> None:
    name = f"img_{job.prompt_id}.png"
    server.files["output", "", name] = png() if data is None else data
    outputs = {"9": {"images": [{"filename": name, "subfolder": "", "type": "output"}]}}
    server.tell(job, "execution_success", timestamp=3500)
    if late_s:
        server.tell(job, "executing", node=None)
        time.sleep(late_s)
    messages = [
        ["execution_start", {"prompt_id": job.prompt_id, "timestamp": 1000}],
        ["execution_cached", {"nodes": [], "prompt_id": job.prompt_id, "timestamp": 1001}],
        ["execution_success", {"prompt_id": job.prompt_id, "timestamp": 3500}],
    ]
    status = {"status_str": "success", "completed": True, "messages": messages}
    server.store(job, status, outputs)
    if not late_s:
        server.tell(job, "executing", node=None)


def end_badly(server: ComfyServer, job: Job, kind: str, **facts: Any) -> None:
    """`execution_error` or `execution_interrupted`."""
    server.tell(job, kind, **facts)
    messages = [[kind, {"prompt_id": job.prompt_id, **facts}]]
    server.store(job, {"status_str": "error", "completed": False, "messages": messages}, {})
    server.tell(job, "executing", node=None)


def hold(server: ComfyServer, job: Job) -> None:
    """Run until somebody stops the job; then end as an interrupted one does."""
    start(server, job)
    server.tell(job, "executing", node="1")
    until = time.monotonic() + LONGEST_S
    while not (job.stopped.wait(0.005) or server.stopping.is_set() or time.monotonic() > until):
        continue
    end_badly(server, job, "execution_interrupted", node_id="1", node_type="KSampler")


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, comfy: ComfyServer) -> None:
        self._comfy = comfy
        super().__init__(("127.0.0.1", 0), type("Handler", (Handler,), {"comfy": comfy}))

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._comfy.lock:
            self._comfy.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._comfy.lock:
            self._comfy.connections -= 1

    def handle_error(self, *_: object) -> None:
        return  # a client that went away is no news


@contextmanager
def running_server() -> Generator[tuple[ComfyServer, str]]:
    """A server on a free port of loopback, and its address."""
    comfy = ComfyServer()
    http = _Http(comfy)
    threads = [
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True),
        threading.Thread(target=comfy.run_jobs, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield comfy, f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        comfy.stopping.set()
        comfy.sockets.hang_up_all()
        http.shutdown()
        http.server_close()
        for thread in threads:
            thread.join(5)
