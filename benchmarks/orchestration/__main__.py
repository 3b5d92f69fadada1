"""`python -m benchmarks.orchestration`: how busy servers are kept, and at what cost of ours.

Three measurements, each beside a bare client loop of the same run, through the whole path:
intent, collect, store, sidecar, then ingest. Prompts take a second on scripted servers that
speak ComfyUI's HTTP and websocket in processes of their own. Ratios count; other work on
the machine makes both sides slower.
"""

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.orchestration.bench import Served, bare, idle_share, laboratory, orders
from darkroom.adapters.settings import Lab
from darkroom.archive.syncing import sync
from darkroom.core.config.aigen import Comfy
from darkroom.writepath.desk import Committed
from darkroom.writepath.fleet import draw_fleet
from darkroom.writepath.fleet_opening import opened_hosts, terms_of
from darkroom.writepath.fleet_terms import Terms
from darkroom.writepath.opening import opened_desk

IDLE_BAR, COST_BAR_MS, SCALE_BAR = 0.02, 25.0, 0.95


def main() -> None:
    """Run what is asked for and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.orchestration")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0, help="what a prompt takes")
    parser.add_argument("--servers", type=int, default=4, help="the most at once")
    parser.add_argument("--only", choices=("idle", "cost", "scale"))
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if told.only in {None, "idle"}:
            idle(Path(folder), told.images, told.seconds)
        if told.only in {None, "cost"}:
            cost(Path(folder), told.images)
        if told.only in {None, "scale"}:
            scale(Path(folder), told.images, told.seconds, told.servers)


def idle(folder: Path, images: int, seconds: float) -> None:
    """One server, prompts of a second: the share of the time in which it has nothing to draw."""
    with laboratory(folder, 1, seconds) as (lab, (server,)):
        bare(server, few := max(5, images // 5))
        alone = idle_share(server.spans())
        wall_s, cpu_s = draw(lab, images)
        ours = idle_share(server.spans()[few:])
    print(f"GPU idle, {images} prompts of {seconds:g} s: {ours:.2%} (bar {IDLE_BAR:.0%})")
    print(f"  a bare loop, one after the other: {alone:.2%}; ours has {ours / alone:.2f} of that")
    print(f"  {wall_s:.1f} s for {images * seconds:.1f} s of drawing, {cpu_s:.2f} s of CPU in all")


def cost(folder: Path, images: int) -> None:
    """Prompts that take no time: what is left is our own, against the bare loop."""
    with laboratory(folder, 1, 0.0) as (lab, (server,)):
        floor_s = bare(server, images)
        draw(lab, 1, run="2026-11-21_11-00-00")  # connections, first imports
        sync(lab)
        wall_s, cpu_s = draw(lab, images)
        begin, cpu = time.perf_counter(), time.process_time()
        sync(lab)
        ingest_s, ingest_cpu_s = time.perf_counter() - begin, time.process_time() - cpu
    own_ms = (wall_s + ingest_s) / images * 1000 - floor_s * 1000
    cpu_ms = (cpu_s + ingest_cpu_s) / images * 1000
    print(f"own cost per image around a prompt: {own_ms:.1f} ms (bar {COST_BAR_MS:g} ms)")
    print(f"  bare loop {floor_s * 1000:.1f} ms per image; ours {wall_s / images * 1000:.1f} ms")
    print(f"  and {ingest_s / images * 1000:.1f} ms of ingest; CPU of this process {cpu_ms:.1f} ms")
    durable_ms = durable_write_s(folder) * 1000
    print(f"  one durable write of 1 kB here, now: {durable_ms:.1f} ms; an image takes five or six")


def durable_write_s(folder: Path, count: int = 50) -> float:
    """The floor of everything that must survive a power cut: write, sync, rename, sync."""
    begin = time.perf_counter()
    for number in range(count):
        staged = folder / "staged"
        with staged.open("wb") as file:
            file.write(b"x" * 1000)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(folder / f"kept-{number}")
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    return (time.perf_counter() - begin) / count


def scale(folder: Path, images: int, seconds: float, most: int) -> None:
    """More servers, as many images for each: what each of them still gets done."""
    each = max(10, images * 2 // 5)
    first = 0.0
    for count in range(1, most + 1):
        with laboratory(folder, count, seconds) as (lab, servers):
            draw(lab, each * count)
            per_server = each * count / _lasted(servers) / count
        first = first or per_server
        ratio = per_server / first
        told = f"{per_server:.3f} images/s per server, {ratio:.3f} of one alone (bar {SCALE_BAR})"
        print(f"{count} server{'s' * (count > 1)}: {told}")


def draw(lab: Lab, count: int, run: str = "2026-11-21_12-00-00") -> tuple[float, float]:
    """Draw on all servers; wall clock and CPU seconds."""
    begin, cpu = time.perf_counter(), time.process_time()
    told = [Comfy(host=name) for name in lab.config.hosts]
    with opened_desk(lab) as desk, ExitStack() as stack:
        hosts = opened_hosts(lab, told, stack)
        results = draw_fleet(orders(count, run), desk, hosts, terms=Terms(terms_of(lab)))
    assert all(isinstance(result, Committed) for result in results), results
    return time.perf_counter() - begin, time.process_time() - cpu


def _lasted(servers: list[Served]) -> float:
    spans = [span for server in servers for span in server.spans()]
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


if __name__ == "__main__":
    main()
