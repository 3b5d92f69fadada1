"""Batches and reconciles killed from outside at moments nobody chose."""

import os
import random
import signal
import time

import pytest

from darkroom.writepath.batch import draw_batch
from darkroom.writepath.desk import Committed
from tests.writepath.invariants import violations
from tests.writepath.scenes import KILLED, Scene, a_job

JOBS = 12


def batch(scene):
    return draw_batch(map(a_job, range(1, JOBS + 1)), scene.desk(), scene.server)


def killed_after(work, delay_s):
    """Fork, let it work for a while, kill it; says whether it was still alive."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == KILLED


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_batch_killed_again_and_again_comes_to_its_end_without_doubles(tmp_path, seed):
    chance, scene = random.Random(seed), Scene(tmp_path)
    scene.server.script(questions=15, held=True)  # however late the first kill, it meets a batch
    for number in range(6):
        is_killed = killed_after(lambda: batch(scene), chance.uniform(0.005, 0.12))
        assert is_killed or number
        scene.server.script(held=False)
        assert violations(scene.root, settled=False) == []
        if chance.random() < 0.3:
            scene.server.restart()
        killed_after(scene.reconcile, chance.uniform(0.002, 0.06))
    scene.reconcile()
    assert violations(scene.root) == []
    assert all(isinstance(drawn, Committed) for drawn in batch(scene))
    assert violations(scene.root) == []
    assert scene.server.doubles == []
