"""Two GPU hosts, one of which loses power in mid-batch: the other finishes everything.

PostgreSQL, Redis, two API replicas and an S3 store run on this machine, each host in a
network namespace of its own, with its own home, engine, warehouse and worker.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.automations import ZOMBIES
from tests.scale.cluster import BUCKET, Cluster, cluster
from tests.scale.hosts import hosts
from tests.scale.laboratories import BUDGET, Laboratory
from tests.scale.services import wait_for
from tests.writepath.invariants import sidecars, violations

pytestmark = [pytest.mark.scale, pytest.mark.timeout(1200)]
PROJECTS = ["one", "two", "three", "four"]
ITERATED, REFINED = ["one", "three"], ["two", "four"]
NOTICED_AFTER_S = 60.0
"""Instead of 90 s: it covers a heartbeat, every 30 s, and machines that stand still for a while."""
BY_ITSELF_S = 120.0
"""So long the laboratory has for going on by itself; then a person retries the run. Not sooner:
at the same moment as the laboratory, that would have it carried out twice."""
LOST = ["one", "two"]
"""What the host that dies was working on."""


@dataclass
class Scene:
    """Two hosts after the batch."""

    cluster: Cluster
    stays: Laboratory
    dies: Laboratory
    begun: dict[str, str] = field(default_factory=dict)
    """Flow run ids by project."""
    killed: int = 0
    before: dict[str, str] = field(default_factory=dict)
    """What was committed when the host died: key and document."""
    crashed: list[str] = field(default_factory=list)

    @property
    def bucket(self) -> Path:
        return self.cluster.folder / "s3" / BUCKET

    def run(self, project: str) -> dict[str, Any]:
        """The flow run as Prefect has it; both replicas answer the same."""
        return self.cluster.asked("GET", f"/flow_runs/{self.begun[project]}", replica=1)

    def states(self) -> dict[str, str]:
        return {project: self.run(project)["state_type"] for project in self.begun}

    def images(self, project: str) -> int:
        return len([*self.bucket.glob(f"{project}/working/*/images/*.png.json")])

    def committed(self) -> dict[str, str]:
        """What the store has, once it has written what it was just sent."""
        found: dict[str, str] = {}

        def is_read() -> bool:
            with suppress(OSError, ValueError):
                known = sidecars(self.bucket)
                found.update({str(path): json.dumps(document) for path, document in known})
                return True
            return False

        wait_for(is_read, "whole sidecars")
        return found

    def submit(self, projects: list[str]) -> None:
        for project in projects:
            flow = "iterate" if project in ITERATED else "refine"
            deployment = self.cluster.asked("GET", f"/deployments/name/{flow}/default")
            told: dict[str, Any] = {"project": project}
            if flow == "refine":
                told["options"] = {"max_attempts": BUDGET, "threshold": 10.0}
            asked = {"parameters": told, "name": project, "state": {"type": "SCHEDULED"}}
            route = f"/deployments/{deployment['id']}/create_flow_run"
            self.begun[project] = self.cluster.asked("POST", route, asked)["id"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scale")
    with ExitStack() as stack:
        servers = stack.enter_context(cluster(folder))
        first, second = stack.enter_context(hosts(folder / "hosts", ["a", "b"]))
        made = Scene(servers, Laboratory(second, servers, 1), Laboratory(first, servers, 0))
        set_up(made)
        lose_one(made)
        go_on(made)
        yield made


def set_up(scene: Scene) -> None:
    """Both machines do it at the same moment."""
    for laboratory in (scene.stays, scene.dies):
        laboratory.furnish(PROJECTS)
    doing = [laboratory.setting_up() for laboratory in (scene.stays, scene.dies)]
    assert [process.wait(240) for process in doing] == [0, 0]
    known = scene.cluster.asked("POST", "/automations/filter", {})
    (automation,) = [each for each in known if each["name"] == ZOMBIES]
    told = {name: automation[name] for name in ("name", "trigger", "actions")}
    told["trigger"]["within"] = NOTICED_AFTER_S
    scene.cluster.asked("PUT", f"/automations/{automation['id']}", told)
    let_runs_draw_side_by_side(scene)


def let_runs_draw_side_by_side(scene: Scene) -> None:
    """As many at once on an engine as a host takes, so that all are in their middle together."""
    for limit in scene.cluster.asked("POST", "/v2/concurrency_limits/filter", {}):
        if limit["name"].startswith("gpu:"):
            wider = {"limit": 2 * len(LOST)}  # both hosts have the name of this machine
            scene.cluster.asked("PATCH", f"/v2/concurrency_limits/{limit['id']}", wider)


def lose_one(scene: Scene) -> None:
    """One host takes two runs; it dies when both have images and neither has all."""
    scene.submit(LOST)
    scene.dies.work()

    def both_are_in_their_middle() -> bool:
        drawn = [scene.images(project) for project in LOST]
        assert max(drawn) < BUDGET, "one had ended before the other began"
        return min(drawn) > 0

    wait_for(both_are_in_their_middle, "the first images", 240.0)
    scene.killed = scene.dies.host.lose_power()
    scene.before = scene.committed()
    assert scene.dies.host.pids() == []


def go_on(scene: Scene) -> None:
    """The other host draws the rest, and what the dead one left once Prefect has noticed."""
    scene.submit([project for project in PROJECTS if project not in LOST])
    scene.stays.work()
    noticed: dict[str, float] = {}

    def all_have_crashed() -> bool:
        noticed.update({name: time.monotonic() for name in LOST if crashed(scene, name)} | noticed)
        return len(noticed) == len(LOST)

    wait_for(all_have_crashed, "Prefect to notice", NOTICED_AFTER_S + 120.0)
    scene.crashed = sorted(noticed)

    def all_have_ended() -> bool:
        states = scene.states()
        for name, at in noticed.items():
            if time.monotonic() - at > BY_ITSELF_S and states[name] == "CRASHED":
                # refused, rightly, where the laboratory was faster
                scene.stays.done("prefect", "flow-run", "retry", scene.begun[name])
        assert "FAILED" not in states.values(), states
        return set(states.values()) == {"COMPLETED"}

    wait_for(all_have_ended, "all runs to end", 480.0)


def crashed(scene: Scene, project: str) -> bool:
    """Whether Prefect has ever called the run of this project crashed."""
    route = f"/flow_run_states/?flow_run_id={scene.begun[project]}"
    return any(state["type"] == "CRASHED" for state in scene.cluster.asked("GET", route))


def test_set_up_from_two_machines_at_once_makes_everything_once(scene: Scene) -> None:
    for kind in ("automations", "work_pools", "block_types", "v2/concurrency_limits"):
        names = [each["name"] for each in scene.cluster.asked("POST", f"/{kind}/filter", {})]
        assert names
        assert sorted(names) == sorted(set(names)), kind
    pulls = [each["pull_steps"] for each in scene.cluster.asked("POST", "/deployments/filter", {})]
    assert "{{ $DARKROOM_HOME }}" in str(pulls[0]), "each worker's own, not the deployer's"
    assert all(pull == pulls[0] for pull in pulls)


def test_the_host_died_in_mid_batch(scene: Scene) -> None:
    assert scene.killed >= 3, "a worker and two flow processes"
    assert scene.crashed == sorted(LOST)
    assert 2 <= len(scene.before) < 2 * BUDGET


def test_no_run_is_left_running(scene: Scene) -> None:
    for replica in (0, 1):
        asked = {"flow_runs": {"id": {"any_": list(scene.begun.values())}}}
        runs = scene.cluster.asked("POST", "/flow_runs/filter", asked, replica)
        assert [run["state_name"] for run in runs] == ["Completed"] * len(PROJECTS)
    assert {scene.run(project)["run_count"] for project in LOST} == {2}


def test_every_wanted_image_exists_exactly_once(scene: Scene) -> None:
    assert violations(scene.bucket) == []
    assert {name: scene.images(name) for name in PROJECTS} == dict.fromkeys(PROJECTS, BUDGET)


def test_what_the_dead_host_had_committed_is_as_it_was(scene: Scene) -> None:
    assert scene.before.items() <= scene.committed().items()


@pytest.mark.parametrize("project", ITERATED)
def test_an_iterated_project_has_one_run_with_every_iteration(scene: Scene, project: str) -> None:
    (result,) = scene.bucket.glob(f"{project}/working/*/result.json")
    assert len(json.loads(result.read_text())["iterations"]) == BUDGET


def test_the_warehouses_of_both_hosts_agree(scene: Scene) -> None:
    rows = scene.stays.warehouse()
    assert rows == scene.dies.warehouse()
    assert len(rows) == len(PROJECTS) * BUDGET


def test_a_host_that_comes_back_draws_nothing_again(scene: Scene) -> None:
    before = scene.committed()
    came_back = datetime.now(UTC).isoformat()
    scene.dies.work()
    wait_for(lambda: heard_of(scene, scene.dies) > came_back, "its worker", 240.0)
    assert scene.committed() == before
    assert set(scene.states().values()) == {"COMPLETED"}


def heard_of(scene: Scene, laboratory: Laboratory) -> str:
    """When its worker last asked for work."""
    workers = scene.cluster.asked("POST", "/work_pools/darkroom/workers/filter", {})
    seen = {worker["name"]: worker["last_heartbeat_time"] for worker in workers}
    return seen[laboratory.host.name].replace("Z", "+00:00")
