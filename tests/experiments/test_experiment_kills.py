"""A run that is killed, and experiments by quality: nothing replaced but the pixels."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import requests

from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.settings import open_lab
from darkroom.experiments.standing import standing
from darkroom.scoring.configured import scoring_of
from tests.experiments.lab_scenes import GRID, Lab
from tests.fakes.unmeasured import unmeasured
from tests.fakes.until import until

COMMAND = "import sys; from darkroom.experiments.running import carry_out; carry_out(sys.argv[1])"
_WAIT_S = 60.0


def start() -> "subprocess.Popen[bytes]":
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", COMMAND, "demo/first"]
    return subprocess.Popen(command, env={**unmeasured(os.environ), "PYTHONPATH": str(root)})


def hear_out_the_dead(lab: Lab) -> None:
    """Wait until the server has taken in what the killed one sent: it must not do so later."""
    requests.get(f"{lab.url}/queue", timeout=_WAIT_S)  # whoever came before this is counted
    until(lambda: lab.server.connections == 0)


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_draws_nothing_twice(lab: Lab):
    lab.write(GRID.replace("[11, 22]", "[11, 22, 33]"))
    for count in (2, 5, 9):
        process = start()
        until(lambda count=count, process=process: lab.drawn >= count or process.poll() is not None)
        process.kill()
        process.wait()
        hear_out_the_dead(lab)
    with start() as process:
        assert process.wait() == 0
    report = standing("demo/first").report
    assert (report.status, report.images) == ("complete", 12)
    assert lab.drawn == 12
    assert len(lab.sidecars()) == 12
    assert len(list(lab.home.glob("projects/demo/working/experiments/first/*.json"))) == 1


@pytest.fixture
def scored(lab: Lab) -> Generator[Lab]:
    yield lab
    ResidentProcess(scoring_of(open_lab()).place).stop()


@pytest.mark.slow
def test_cells_are_refined_by_their_quality_and_found_again(scored: Lab):
    text = "axes: {cfg: [2.0]}\nseeds: [1, 2]\njudge: scores\n"
    refine = "refine: {strategy: prompt_enhance, max_attempts: 2, threshold: 10}\n"
    scored.write(text + refine)
    report = scored.run()
    assert (report.status, report.images, report.scale, scored.drawn) == ("complete", 2, 10.0, 4)
    assert all(sidecar["quality"]["scores"] for sidecar in scored.sidecars())
    blocks = [sidecar["refinement"]["attempt"] for sidecar in scored.sidecars()]
    assert blocks == [1, 2, 1, 2]
    assert scored.run().drawn == 0
    assert scored.drawn == 4
    scored.write(text, name="plain")
    plain = scored.run("demo/plain")
    assert (plain.status, plain.images) == ("complete", 2)
