"""`darkroom run` on an S3 store, killed again and again at moments nobody chose.

`DARKROOM_TEST_KILLS` says how often; the suite kills a few times, a person may want more.
"""

import json
import os
import random
import time

import pytest

from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.s3_servers import rclone
from tests.flows.fault_scenes import Bench, free_slots
from tests.writepath.invariants import sidecars

KILLS = int(os.environ.get("DARKROOM_TEST_KILLS", "8"))
SEED = int(os.environ.get("DARKROOM_TEST_SEED", "1"))
LONGEST_S = 45.0
pytestmark = [pytest.mark.soak, pytest.mark.timeout(120 + 30 * KILLS)]


def slowly(server: ComfyServer, job: Job) -> None:
    time.sleep(0.15)
    draw(server, job)


def killed_at_some_moment(bench: Bench, chance: random.Random) -> bool:
    """Start it, wait until it is at work, kill it; says whether it was still alive."""
    seen, process = bench.comfy.count("GET /"), bench.command()
    ends_at = time.monotonic() + LONGEST_S
    while process.poll() is None and bench.comfy.count("GET /") == seen:
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 1.2))
    was_alive = process.poll() is None
    process.kill()
    process.communicate()
    free_slots()
    return was_alive


def test_nothing_is_lost_and_nothing_is_drawn_twice(bench: Bench, tmp_path):
    chance, kills = random.Random(SEED), 0
    bench.comfy.work = slowly
    bench.eyes.passing = ((),)
    (tmp_path / "s3").mkdir()
    with rclone(tmp_path / "s3") as server:
        server.store("lab").create_bucket()
        bench.on_s3(server, "lab", budget=3 + 2 * KILLS)
        for _ in range(KILLS):
            kills += killed_at_some_moment(bench, chance)
            bucket = tmp_path / "s3/lab"
            known = {str(path): json.dumps(said) for path, said in sidecars(bucket)}
        report = bench.ended()
    assert kills > 0
    assert len(report["iterations"]) == 3 + 2 * KILLS
    assert [line["failure"] for line in report["iterations"]] == [None] * (3 + 2 * KILLS)
    jobs = [post["prompt"]["3"]["inputs"]["seed"] for post in bench.comfy.posts]
    assert len(jobs) == len(set(jobs)) == 3 + 2 * KILLS
    found = {str(path): json.dumps(said) for path, said in sidecars(bucket)}
    assert known.items() <= found.items()
    assert len(found) == 3 + 2 * KILLS
    bench.root = bucket
    assert bench.whole(report) == []
