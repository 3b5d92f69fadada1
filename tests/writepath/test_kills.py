"""A real process is killed with SIGKILL at every crash point; then the store must heal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.writepath.crashpoints import POINTS, armed
from darkroom.writepath.desk import Committed
from darkroom.writepath.draw import draw
from tests.writepath.invariants import violations
from tests.writepath.scenes import KILLED, PROJECT, Scene, a_job, in_child

SEEDS = (1, 2, 3)
BATCH_ONLY = "after-companion"  # test_companions.py
IN_A_DRAW = [
    name for name in list(POINTS)[: list(POINTS).index("after-lost")] if name != BATCH_ONLY
]
LOST_WITH_THE_SERVER = {"after-submit", "after-wait", "after-fetch"}
SECRET = "canary-7f3a91"


def draw_all(scene: Scene) -> list[object]:
    return [draw(a_job(seed), scene.desk(), scene.server) for seed in SEEDS]


def killed_at(scene: Scene, point: str) -> None:
    def work() -> None:
        with armed(point):
            draw_all(scene)

    assert in_child(work) == KILLED


def meanwhile(scene: Scene, fate: str) -> None:
    if fate == "restarted":
        scene.server.restart()
    elif fate == "finished":
        scene.server.finish_all()
    else:
        scene.server.script(questions=4)


@pytest.mark.parametrize("fate", ["finished", "running", "restarted"])
@pytest.mark.parametrize("point", IN_A_DRAW)
def test_a_draw_killed_anywhere_heals_and_draws_nothing_twice(tmp_path, point, fate, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", SECRET)
    scene = Scene(tmp_path)
    killed_at(scene, f"{point}:2")
    meanwhile(scene, fate)
    assert in_child(scene.reconcile) == 0
    assert violations(scene.root, SECRET) == []
    assert all(isinstance(drawn, Committed) for drawn in draw_all(scene))
    assert violations(scene.root, SECRET) == []
    assert scene.server.doubles == []
    again = fate == "restarted" and point in LOST_WITH_THE_SERVER
    assert len(scene.server.submissions) == len(SEEDS) + again


@pytest.mark.parametrize("point", IN_A_DRAW)
def test_the_same_command_again_heals_without_reconcile(tmp_path, point):
    scene = Scene(tmp_path)
    killed_at(scene, f"{point}:2")
    assert all(isinstance(drawn, Committed) for drawn in draw_all(scene))
    assert violations(scene.root) == []
    assert len(scene.server.submissions) == len(SEEDS)


def broken_scene(folder: Path) -> Scene:
    """Every kind of work for reconcile: a finished job, a lost one, a stored image, no index."""
    scene = Scene(folder)
    for seed, point in ((1, "after-image"), (2, "after-submit"), (3, "after-lost")):
        scene.server.script(forgets_at=[2, 3])

        def work(seed: int = seed, point: str = point) -> None:
            with armed(point):
                draw(a_job(seed), scene.desk(), scene.server)

        assert in_child(work) == KILLED
    draw(a_job(4), scene.desk(), scene.server)
    for entry in scene.files("jobs/*/*.004.json"):
        entry.unlink()
    return scene


RECONCILED = [name for name in POINTS if name not in {"after-claim", "after-adoption", BATCH_ONLY}]


@pytest.mark.parametrize("point", RECONCILED)
def test_a_reconcile_killed_anywhere_heals_at_the_next(tmp_path, point):
    scene = broken_scene(tmp_path)

    def reconcile() -> None:
        with armed(point):
            scene.reconcile()

    if point == "after-outcome":
        scene.server.script(result="error")
    assert in_child(reconcile) == KILLED
    assert in_child(scene.reconcile) == 0
    assert violations(scene.root) == []


@pytest.mark.parametrize("nth", range(1, 16))
def test_killed_at_every_step_of_a_chain_of_reconciles(tmp_path, nth):
    scene = broken_scene(tmp_path)

    def reconcile() -> None:
        with armed(f"any:{nth}"):
            scene.reconcile()

    ends = [in_child(reconcile) for _ in range(3)]
    assert ends[0] == KILLED
    assert in_child(scene.reconcile) == 0
    assert violations(scene.root) == []
    submitted = len(scene.server.submissions)
    assert submitted <= 8
    scene.reconcile()
    assert len(scene.server.submissions) == submitted


def test_the_switch_in_the_environment_kills_a_process(tmp_path):
    script = (
        "from pathlib import Path; from tests.writepath.scenes import Scene, a_job;"
        "from darkroom.writepath.draw import draw; s = Scene(Path(__import__('sys').argv[1]));"
        "draw(a_job(1), s.desk(), s.server)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    environment = {**os.environ, "DARKROOM_CRASH_AT": "after-submit", "PYTHONPATH": "."}
    ended = subprocess.run(command, env=environment, check=False, timeout=60)
    assert ended.returncode == KILLED
    scene = Scene(tmp_path)
    assert [finding.kind for finding in scene.reconcile().findings] == ["collected"]
    assert violations(scene.root) == []
    assert scene.reconcile().project == PROJECT
